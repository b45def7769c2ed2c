package verify

import "fmt"

// ParseStore makes a store from the text of a PEM file. Certificates that cannot be parsed are passed over. The name
// is what error texts call it.
func ParseStore(name string, text []byte) (*Store, error) {
	certs := parseLenient(text)
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", name)
	}
	return NewStore(name, certs), nil
}
