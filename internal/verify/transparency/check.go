package transparency

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Algorithms of TLS 1.2 that logs sign with (RFC 6962, section 2.1.4; RFC 5246, section 7.4.1.4.1).
const (
	hashSHA256     = 4
	signatureRSA   = 1
	signatureECDSA = 3
)

// skew is how far the clock of a log may be ahead of ours.
const skew = 5 * time.Minute

// counts says why a timestamp by the log does not count for the certificate, nil when it does.
func (l *log) counts(s sct, leaf *x509.Certificate, now time.Time) error {
	switch l.state {
	case usable, qualified, readonly:
	case retired:
		// A retired log vouches for what it promised before, and only the certificate shows that it was before: what
		// comes beside it can be made any day and dated back.
		if s.source != embedded || !s.time().Before(l.since) {
			return errors.New("is of a log that was retired before")
		}
	case pending, rejected:
		return fmt.Errorf("is of a log that is %s", l.state)
	}
	if !l.to.IsZero() && (leaf.NotAfter.Before(l.from) || !leaf.NotAfter.Before(l.to)) {
		return errors.New("is of a log that takes no certificates ending then")
	}
	if s.time().After(now.Add(skew)) {
		return errors.New("is from the future")
	}
	return nil
}

// verify checks the signature of a timestamp.
func (l *log) verify(s sct, e entry) error {
	message, err := s.signed(e)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(message)
	if s.hash != hashSHA256 {
		return errors.New("is signed with another hash than SHA-256")
	}
	good := false
	switch k := l.key.(type) {
	case *ecdsa.PublicKey:
		good = s.alg == signatureECDSA && ecdsa.VerifyASN1(k, digest[:], s.signature)
	case *rsa.PublicKey:
		good = s.alg == signatureRSA && rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], s.signature) == nil
	}
	if !good {
		return errors.New("has a wrong signature")
	}
	return nil
}
