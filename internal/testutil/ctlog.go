package testutil

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A CTLog is a log of certificates (RFC 6962) that signs whatever it is given and keeps nothing.
type CTLog struct {
	Name, Operator string
	// State is the log's in lists of logs; "usable" when empty, none when "-". Since is when it began.
	State string
	Since time.Time
	// Time is what its timestamps say; a minute ago when zero.
	Time time.Time
	// From and To are the temporal interval, none when zero.
	From, To time.Time
	// Lies makes its signatures wrong.
	Lies bool
	key  crypto.Signer
}

// NewCTLog makes a log with a key on P-256.
func NewCTLog(t testing.TB, name, operator string) *CTLog {
	t.Helper()
	return &CTLog{Name: name, Operator: operator, key: newKey(t, EC)}
}

// public is the key as SubjectPublicKeyInfo.
func (l *CTLog) public(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(l.key.Public())
	if err != nil {
		t.Fatalf("marshal key of log %s: %v", l.Name, err)
	}
	return der
}

// The kinds of entry a log signs about.
const (
	ctCertificate    = 0
	ctPrecertificate = 1
)

// Certificate is the serialized timestamp for a certificate as it is.
func (l *CTLog) Certificate(t testing.TB, c *x509.Certificate) []byte {
	t.Helper()
	return l.sign(t, ctCertificate, uint24(c.Raw))
}

// precertificate is the timestamp for a TBSCertificate that holds none.
func (l *CTLog) precertificate(t testing.TB, tbs []byte, issuer *x509.Certificate) []byte {
	t.Helper()
	hash := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	return l.sign(t, ctPrecertificate, append(hash[:], uint24(tbs)...))
}

func (l *CTLog) sign(t testing.TB, kind byte, body []byte) []byte {
	t.Helper()
	at := l.Time
	if at.IsZero() {
		at = time.Now().Add(-time.Minute)
	}
	millis := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))
	message := append([]byte{0, 0}, millis...)
	message = append(append(append(message, 0, kind), body...), 0, 0)
	if l.Lies {
		message[0] ^= 1
	}
	digest := sha256.Sum256(message)
	key, ok := l.key.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("the key of log %s is %T", l.Name, l.key)
	}
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatalf("sign for log %s: %v", l.Name, err)
	}
	id := sha256.Sum256(l.public(t))
	sct := append(append([]byte{0}, id[:]...), millis...)
	sct = append(sct, 0, 0, 4, 3)
	return append(sct, uint16s(signature)...)
}

// SCTList is SignedCertificateTimestampList.
func SCTList(scts ...[]byte) []byte {
	var all []byte
	for _, s := range scts {
		all = append(all, uint16s(s)...)
	}
	return uint16s(all)
}

func uint16s(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

func uint24(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b)))[1:], b...)
}

// SCTExtension is the extension of a certificate that holds timestamps.
func SCTExtension(t testing.TB, scts ...[]byte) pkix.Extension {
	t.Helper()
	value, err := asn1.Marshal(SCTList(scts...))
	if err != nil {
		t.Fatalf("marshal timestamps: %v", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: value}
}

// IssueLogged signs a leaf that holds a timestamp of each log.
func (ca *CA) IssueLogged(t testing.TB, leaf Leaf, logs ...*CTLog) Certificate {
	t.Helper()
	key := newKey(t, leaf.Key)
	tmpl := template(leaf)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatalf("choose serial number: %v", err)
	}
	tmpl.SerialNumber = serial
	before := ca.signAs(t, tmpl, key.Public())
	var scts [][]byte
	for _, l := range logs {
		scts = append(scts, l.precertificate(t, before.RawTBSCertificate, ca.Cert))
	}
	tmpl.ExtraExtensions = []pkix.Extension{SCTExtension(t, scts...)}
	cert := ca.signAs(t, tmpl, key.Public())
	return files(t, t.TempDir(), key, append([]*x509.Certificate{cert}, ca.above...))
}

// signAs signs the template as it is.
func (ca *CA) signAs(t testing.TB, tmpl *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, ca.Cert, public, ca.key)
	if err != nil {
		t.Fatalf("sign certificate of %s: %v", tmpl.Subject, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("parse certificate of %s: %v", tmpl.Subject, err)
	}
	return cert
}

// CTLogList is a list of logs in version 3 of the format, made at a time.
func CTLogList(t testing.TB, made time.Time, logs ...*CTLog) []byte {
	t.Helper()
	type object = map[string]any
	var operators []object
	for _, l := range logs {
		id := sha256.Sum256(l.public(t))
		state := l.State
		if state == "" {
			state = "usable"
		}
		one := object{"description": l.Name, "log_id": id[:], "key": l.public(t), "url": "https://log.test/", "mmd": 86400,
			"state": object{state: object{"timestamp": l.Since}}}
		if state == "-" {
			delete(one, "state")
		}
		if !l.To.IsZero() {
			one["temporal_interval"] = object{"start_inclusive": l.From, "end_exclusive": l.To}
		}
		operators = append(operators, object{"name": l.Operator, "email": []string{}, "logs": []object{one}})
	}
	text, err := json.Marshal(object{"version": "1.0", "log_list_timestamp": made, "operators": operators})
	if err != nil {
		t.Fatalf("marshal log list: %v", err)
	}
	return text
}

// CTLogFile is the path of a file with a list of logs as openssl reads them (-ctlogfile).
func CTLogFile(t testing.TB, logs ...*CTLog) string {
	t.Helper()
	var text []byte
	names := ""
	for i, l := range logs {
		name := string(rune('a' + i))
		key, err := json.Marshal(l.public(t))
		if err != nil {
			t.Fatalf("marshal key: %v", err)
		}
		text = append(text, "["+name+"]\ndescription = "+l.Name+"\nkey = "+string(key[1:len(key)-1])+"\n"...)
		names += "," + name
	}
	path := filepath.Join(t.TempDir(), "ctlogs.cnf")
	if err := os.WriteFile(path, append([]byte("enabled_logs="+names[1:]+"\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
