package ca

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"testing"
)

// A Case is a chain as a server sends it, sound or with something wrong, as the title says: "ok ..." or "bad ...".
type Case struct {
	Title string
	// Host is what the server must prove.
	Host string
	// Chain has the leaf first; all of it is sent.
	Chain []*Entity
	// Expired says that nothing but a period of validity is wrong.
	Expired bool
}

// Host is what the certificates of Cases are for, where nothing else is said.
const Host = "www.a.example"

// Cases are all the chains there is a rule for. Root is what to trust.
func Cases(t testing.TB) (root *Entity, all []Case) {
	t.Helper()
	m := maker{TB: t, root: Root(t, "root"), rsa: RSAKey(t, 2048)}
	m.rsaRoot = m.root.IssueFor(t, m.rsa, Authority("RSA authority"))
	return m.root, slices.Concat(m.names(), m.addresses(), m.periods(), m.constraints(), m.uses(), m.algorithms(), m.shapes())
}

// maker has what most chains need.
type maker struct {
	testing.TB
	root *Entity
	// rsaRoot is an authority below the root with the RSA key.
	rsaRoot *Entity
	rsa     *rsa.PrivateKey
}

// leaf is a case with a leaf below the root.
func (m maker) leaf(title string, edits ...Edit) Case {
	return Case{Title: title, Host: Host, Chain: []*Entity{m.root.Issue(m, edits...)}}
}

// below is a case with an authority between root and leaf.
func (m maker) below(title string, authority ...Edit) Case {
	sub := m.root.Issue(m, append([]Edit{Authority("sub")}, authority...)...)
	return Case{Title: title, Host: Host, Chain: []*Entity{sub.Issue(m, Hosts(Host)), sub}}
}

func (c Case) asked(host string) Case {
	c.Host = host
	return c
}

func (c Case) expired() Case {
	c.Expired = true
	return c
}

func (m maker) names() []Case {
	return []Case{
		m.leaf("ok name", Hosts(Host)),
		m.leaf("ok wildcard", Hosts("*.a.example")),
		m.leaf("ok wildcard for a name of IDNA", Hosts("*.a.example")).asked("xn--bcher-kva.a.example"),
		m.leaf("ok name of IDNA", Hosts("xn--bcher-kva.example")).asked("XN--Bcher-KVA.example"),
		m.leaf("ok trailing dot asked for", Hosts(Host)).asked(Host + "."),
		m.leaf("bad other name", Hosts("www.b.example")),
		m.leaf("bad name above", Hosts("a.example")),
		m.leaf("bad name below", Hosts("x.www.a.example")),
		m.leaf("bad name that ends alike", Hosts("ww.a.example", "evilwww.a.example")),
		m.leaf("bad name in the subject only", Subject(Host), Usage(x509.ExtKeyUsageServerAuth)),
		m.leaf("bad name in the subject beside another", Subject(Host), Hosts("www.b.example")),
		m.leaf("bad no names", RawNames()),
		m.leaf("bad empty name", RawNames("")),
		m.leaf("bad wildcard for two labels", Hosts("*.example")),
		m.leaf("bad wildcard for no label", Hosts("*.www.a.example")),
		m.leaf("bad wildcard at the top", Hosts("*.example")).asked("a.example"),
		m.leaf("bad wildcard alone", Hosts("*")).asked("localhost"),
		m.leaf("bad wildcard of wildcards", Hosts("*.*.example")),
		m.leaf("bad wildcard within a label", Hosts("w*.a.example")),
		m.leaf("bad wildcard at the end of a label", Hosts("*w.a.example")),
		m.leaf("bad wildcard within a name of IDNA", Hosts("xn--b*-kva.a.example")).asked("xn--bcher-kva.a.example"),
		m.leaf("bad wildcard not at the left", Hosts("www.*.example")),
		m.leaf("bad wildcard for an address", Hosts("*.0.2.1")).asked("192.0.2.1"),
		m.leaf("bad characters of IDNA", RawNames("b\xc3\xbccher.example")).asked("xn--bcher-kva.example"),
		m.leaf("bad name of IDNA asked for in characters", Hosts("xn--bcher-kva.example")).asked("bücher.example"),
		m.leaf("bad NUL in the name", RawNames(Host+"\x00.b.example")),
		m.leaf("bad NUL in the subject", Subject(Host+"\x00.b.example"), Hosts("www.b.example")),
		m.leaf("bad space in the name", RawNames(Host+" ")),
		m.leaf("bad dot before the name", RawNames("."+Host)),
		m.leaf("bad name as mail", func(c *x509.Certificate) { c.EmailAddresses = []string{Host} }),
	}
}

func (m maker) addresses() []Case {
	return []Case{
		m.leaf("ok IPv4", Addresses("192.0.2.1")).asked("192.0.2.1"),
		m.leaf("ok IPv6", Addresses("2001:db8::1")).asked("2001:db8:0::1"),
		m.leaf("bad other address", Addresses("192.0.2.2")).asked("192.0.2.1"),
		m.leaf("bad address as a name", RawNames("192.0.2.1")).asked("192.0.2.1"),
		m.leaf("bad address in the subject", Subject("192.0.2.1")).asked("192.0.2.1"),
		m.leaf("bad name of four letters for an address", RawNames("\xc0\x00\x02\x01")).asked("192.0.2.1"),
	}
}

func (m maker) periods() []Case {
	old := m.root.Issue(m, Authority("old"), Expired)
	young := m.root.Issue(m, Authority("young"), Future)
	return []Case{
		m.leaf("bad expired", Hosts(Host), Expired).expired(),
		m.leaf("bad not valid yet", Hosts(Host), Future).expired(),
		{Title: "bad authority expired", Host: Host, Chain: []*Entity{old.Issue(m, Hosts(Host)), old}, Expired: true},
		{Title: "bad authority not valid yet", Host: Host, Chain: []*Entity{young.Issue(m, Hosts(Host)), young}, Expired: true},
		m.leaf("bad expired and of another name", Hosts("www.b.example"), Expired),
	}
}

func (m maker) constraints() []Case {
	within := func(title string, leaf Edit, authority Edit) Case {
		sub := m.root.Issue(m, Authority("sub"), authority)
		return Case{Title: title, Host: Host, Chain: []*Entity{sub.Issue(m, leaf), sub}}
	}
	flat := m.root.Issue(m, Authority("flat"), PathLen(0))
	low := flat.Issue(m, Authority("low"))
	return []Case{
		within("ok name permitted", Hosts(Host), PermitDNS("a.example")),
		within("ok name not excluded", Hosts(Host), ExcludeDNS("b.example")),
		within("ok address permitted", Addresses("192.0.2.1"), PermitIP("192.0.2.0/24")).asked("192.0.2.1"),
		within("bad name not permitted", Hosts(Host), PermitDNS("b.example")),
		within("bad one of two names not permitted", Hosts(Host, "www.b.example"), PermitDNS("a.example")),
		within("bad name excluded", Hosts(Host), ExcludeDNS("a.example")),
		within("bad wildcard excluded", Hosts("*.a.example"), ExcludeDNS(Host)),
		within("bad address not permitted", Addresses("192.0.2.1"), PermitIP("198.51.100.0/24")).asked("192.0.2.1"),
		within("bad address excluded", Addresses("192.0.2.1"), ExcludeIP("192.0.2.0/24")).asked("192.0.2.1"),
		{Title: "bad path longer than allowed", Host: Host, Chain: []*Entity{low.Issue(m, Hosts(Host)), low, flat}},
		{Title: "ok path as long as allowed", Host: Host, Chain: []*Entity{flat.Issue(m, Hosts(Host)), flat}},
	}
}

// unknown is an extension nobody knows.
func unknown(critical bool) Edit {
	return Extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, critical, []byte{5, 0})
}

func (m maker) uses() []Case {
	return []Case{
		m.leaf("ok unknown extension", Hosts(Host), unknown(false)),
		m.below("ok authority"),
		m.leaf("bad use", Hosts(Host), Usage(x509.ExtKeyUsageClientAuth)),
		m.leaf("bad use for time stamps and mail", Hosts(Host), Usage(x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageEmailProtection)),
		m.leaf("bad unknown critical extension", Hosts(Host), unknown(true)),
		m.below("bad authority without basic constraints", NoConstraints),
		m.below("bad authority that is none", NotCA),
		m.below("bad authority that may not sign", Rights(x509.KeyUsageCRLSign)),
		m.below("bad authority for another use", Usage(x509.ExtKeyUsageCodeSigning)),
		m.below("bad authority with an unknown critical extension", unknown(true)),
	}
}

func (m maker) algorithms() []Case {
	weak := RSAKey(m, 1024)
	weakSub := m.root.IssueFor(m, weak, Authority("weak"))
	byRSA := m.rsaRoot.Issue(m, Hosts(Host))
	return []Case{
		{Title: "ok RSA", Host: Host, Chain: []*Entity{byRSA, m.rsaRoot}},
		{Title: "bad RSA key of 1024 bits", Host: Host, Chain: []*Entity{m.root.IssueFor(m, weak, Hosts(Host))}},
		{Title: "bad authority with an RSA key of 1024 bits", Host: Host, Chain: []*Entity{weakSub.Issue(m, Hosts(Host)), weakSub}},
		{Title: "bad signature with SHA-1", Host: Host, Chain: []*Entity{byRSA.ResignSHA1(m, m.rsaRoot), m.rsaRoot}},
		{Title: "bad signature with MD5", Host: Host, Chain: []*Entity{byRSA.ResignMD5(m, m.rsaRoot), m.rsaRoot}},
		{Title: "bad signature damaged", Host: Host, Chain: []*Entity{m.root.Issue(m, Hosts(Host)).Damage(m)}},
	}
}

// shapes are chains of sound certificates that are put together oddly.
func (m maker) shapes() []Case {
	a, b := m.root.Issue(m, Authority("a")), Root(m, "stranger")
	leaf := a.Issue(m, Hosts(Host))
	crossed := b.IssueFor(m, a.Key, Authority("a"))
	low := a.Issue(m, Authority("low"))
	deep := low.Issue(m, Hosts(Host))
	others := make([]*Entity, 60)
	for i := range others {
		others[i] = b
	}
	return []Case{
		{Title: "ok cross-signed by a stranger", Host: Host, Chain: []*Entity{leaf, crossed, a}},
		{Title: "ok duplicates", Host: Host, Chain: []*Entity{leaf, leaf, a, a, leaf}},
		{Title: "ok wrong order", Host: Host, Chain: []*Entity{deep, a, low}},
		{Title: "ok root sent along", Host: Host, Chain: []*Entity{leaf, a, m.root}},
		{Title: "ok strangers sent along", Host: Host, Chain: append([]*Entity{leaf, a}, others...)},
		{Title: "ok loop beside the path", Host: Host, Chain: append([]*Entity{leaf}, append(m.loop(a), a)...)},
		{Title: "bad leaf not first", Host: Host, Chain: []*Entity{a, leaf}},
		{Title: "bad loop", Host: Host, Chain: m.loopOnly()},
		{Title: "bad authority missing", Host: Host, Chain: []*Entity{leaf}},
		{Title: "bad authority unknown", Host: Host, Chain: []*Entity{b.Issue(m, Hosts(Host)), b}},
		{Title: "bad self-signed", Host: Host, Chain: []*Entity{SelfSigned(m, Hosts(Host))}},
		{Title: "bad maze", Host: Host, Chain: m.maze()},
		{Title: "bad thousand links", Host: Host, Chain: Links(m, m.root, 1000)},
		{Title: "bad megabyte", Host: Host, Chain: m.heavy()},
	}
}

// loop is an authority that vouches for one that vouches for it.
func (m maker) loop(a *Entity) []*Entity {
	other := a.Issue(m, Authority("other"))
	return []*Entity{other.IssueFor(m, a.Key, Authority("a")), other}
}

func (m maker) loopOnly() []*Entity {
	a := Root(m, "a")
	return append([]*Entity{a.Issue(m, Hosts(Host))}, m.loop(a)...)
}

// maze has more paths than anybody can try: each of ten floors has four doors to each of the next.
func (m maker) maze() []*Entity {
	floor, chain := Root(m, "floor"), []*Entity(nil)
	for i := range 10 {
		key, doors := NewKey(m), []*Entity(nil)
		for range 4 {
			doors = append(doors, floor.IssueFor(m, key, Authority(fmt.Sprintf("floor %d", i))))
		}
		floor, chain = doors[0], append(chain, doors...)
	}
	return append([]*Entity{floor.Issue(m, Hosts(Host))}, chain...)
}

// heavy is a chain of a megabyte.
func (m maker) heavy() []*Entity {
	load := Extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 2}, false, make([]byte, 128<<10))
	chain := []*Entity{m.root.Issue(m, Hosts(Host))}
	for range 8 {
		chain = append(chain, m.root.Issue(m, Authority("heavy"), load))
	}
	return chain
}

// Links is a sound chain with n authorities between root and leaf. They share a key, which is made faster.
func Links(t testing.TB, root *Entity, n int) []*Entity {
	t.Helper()
	last, chain, key := root, []*Entity(nil), NewKey(t)
	for i := range n {
		last = last.IssueFor(t, key, Authority(fmt.Sprintf("link %d", i)))
		chain = append(chain, last)
	}
	chain = append(chain, last.Issue(t, Hosts(Host)))
	slices.Reverse(chain)
	return chain
}
