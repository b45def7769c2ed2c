package policy

import "strings"

// A Group is a key exchange group of the IANA registry "TLS Supported Groups".
type Group struct {
	ID   uint16
	Name string
	// Also are other names in use, such as OpenSSL's.
	Also string
}

// groups are those whose names are understood; never changed.
var groups = [...]Group{
	{4588, "X25519MLKEM768", ""},
	{4587, "SecP256r1MLKEM768", ""},
	{4589, "SecP384r1MLKEM1024", ""},
	{29, "x25519", ""},
	{23, "secp256r1", "P-256 prime256v1"},
	{24, "secp384r1", "P-384"},
	{25, "secp521r1", "P-521"},
	{30, "x448", ""},
	{256, "ffdhe2048", ""},
	{257, "ffdhe3072", ""},
	{258, "ffdhe4096", ""},
	{259, "ffdhe6144", ""},
	{260, "ffdhe8192", ""},
	{26, "brainpoolP256r1", ""},
	{27, "brainpoolP384r1", ""},
	{28, "brainpoolP512r1", ""},
}

// FindGroup finds a group by any of its names, in any case.
func FindGroup(name string) (Group, bool) {
	for _, g := range groups {
		if strings.EqualFold(g.Name, name) {
			return g, true
		}
		for also := range strings.FieldsSeq(g.Also) {
			if strings.EqualFold(also, name) {
				return g, true
			}
		}
	}
	return Group{}, false
}

// GroupName is the name of a group by its number, empty for one that is not known.
func GroupName(id uint16) string {
	for _, g := range groups {
		if g.ID == id {
			return g.Name
		}
	}
	return ""
}
