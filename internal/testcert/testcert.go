// Package testcert makes certificates for tests.
//
// Kind: for tests only.
package testcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Shared returns one authority for all tests of a process.
var Shared = sync.OnceValue(func() *Authority { return New() })

// New returns a new authority.
func New() *Authority {
	key, template := newKey(), template("authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &Authority{cert, key}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		// Bubbles of testing/synctest live in the year 2000.
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:  x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{
			x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth,
		},
	}
}

// Issue returns a certificate for names, which may be addresses. The first is its common
// name.
func (a *Authority) Issue(t testing.TB, names ...string) tls.Certificate {
	t.Helper()
	return a.issue(t, template(names[0]), names)
}

// IssueFor is Issue for a certificate that is valid from one time to another.
func (a *Authority) IssueFor(t testing.TB, from, to time.Time, names ...string) tls.Certificate {
	t.Helper()
	template := template(names[0])
	template.NotBefore, template.NotAfter = from, to
	return a.issue(t, template, names)
}

func (a *Authority) issue(t testing.TB, template *x509.Certificate, names []string) tls.Certificate {
	t.Helper()
	key := newKey()
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Pool returns the authority's own certificate, for those who trust it.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Server returns a configuration with a certificate for localhost and the loopback addresses.
func (a *Authority) Server(t testing.TB) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{a.Issue(t, "localhost", "127.0.0.1", "::1")}}
}

// Client returns a configuration that trusts the authority, for a server called localhost.
func (a *Authority) Client() *tls.Config {
	return &tls.Config{RootCAs: a.Pool(), ServerName: "localhost"}
}

// PEM returns the certificate and the key of c as files hold them.
func PEM(t testing.TB, c tls.Certificate) (cert, key []byte) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
