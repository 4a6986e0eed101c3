package tcp

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// keyPairCheck is how often the files of a [KeyPair] are looked at, at most.
const keyPairCheck = time.Second

// KeyPair is a certificate and its key in two PEM files, which may be replaced while the
// program runs: a handshake that begins a second or more later uses the new ones. Files that do
// not fit together, as halfway through a renewal, change nothing until they do; the log
// tells once for each such state.
//
//	pair, err := tcp.LoadKeyPair("cert.pem", "key.pem")
//	config := &tls.Config{GetCertificate: pair.GetCertificate}
//
// Methods may be called from any goroutine.
type KeyPair struct {
	cert, key string

	mu      sync.Mutex
	current *tls.Certificate
	loaded  stamps  // of the files that current came from
	refused *stamps // of the files that were last found unfit, nil: none
	checked time.Time
}

// stamps tell whether two files have changed.
type stamps [2]struct {
	size int64
	time time.Time
}

// LoadKeyPair reads both files. The certificate's may hold the chain that leads to it.
func LoadKeyPair(certFile, keyFile string) (*KeyPair, error) {
	p := &KeyPair{cert: certFile, key: keyFile}
	if err := p.Reload(); err != nil {
		return nil, err
	}
	return p, nil
}

// GetCertificate is for [tls.Config] of a server.
func (p *KeyPair) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return p.latest(), nil
}

// GetClientCertificate is for [tls.Config] of a client.
func (p *KeyPair) GetClientCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return p.latest(), nil
}

// Reload reads the files now. If it fails, the former pair stays in use.
func (p *KeyPair) Reload() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.load(p.stamps())
}

func (p *KeyPair) latest() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.checked) >= keyPairCheck {
		p.checked = now
		if found := p.stamps(); found != p.loaded {
			if err := p.load(found); err != nil && (p.refused == nil || found != *p.refused) {
				p.refused = &found
				slog.Warn("the former certificate stays in use", slog.Any("error", err))
			}
		}
	}
	return p.current
}

func (p *KeyPair) load(found stamps) error {
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return fmt.Errorf("tcp: certificate %s with key %s: %w", p.cert, p.key, err)
	}
	p.current, p.loaded, p.refused = &pair, found, nil
	return nil
}

func (p *KeyPair) stamps() (s stamps) {
	for i, name := range []string{p.cert, p.key} {
		if info, err := os.Stat(name); err == nil {
			s[i].size, s[i].time = info.Size(), info.ModTime()
		}
	}
	return s
}
