package stream_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"eddy/internal/testcert"
	"eddy/stream"
)

// sealer makes records of TLS 1.3 that crypto/tls has no method for (RFC 8446 §5.2, §7).
type sealer struct {
	t      *testing.T
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

const (
	handshakeType   = 22
	applicationType = 23
)

// keyUpdate asks the receiver to change its keys, too.
const keyUpdate = "\x18\x00\x00\x01\x01"

func (s *sealer) expand(label string, n int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(append(info, "tls13 "+label...), 0)
	p, err := hkdf.Expand(sha256.New, s.secret, string(info), n)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// rekey goes on with a secret from its first record.
func (s *sealer) rekey(secret []byte) {
	s.secret = secret
	block, err := aes.NewCipher(s.expand("key", 16))
	if err != nil {
		s.t.Fatal(err)
	}
	if s.aead, err = cipher.NewGCM(block); err != nil {
		s.t.Fatal(err)
	}
	s.iv, s.seq = s.expand("iv", 12), 0
}

func (s *sealer) record(kind byte, content string) string {
	nonce := bytes.Clone(s.iv)
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^s.seq)
	s.seq++
	head := []byte{applicationType, 3, 3, 0, 0}
	binary.BigEndian.PutUint16(head[3:], uint16(len(content)+1+s.aead.Overhead()))
	return string(s.aead.Seal(head, nonce, append([]byte(content), kind), head))
}

// update is a record with a key update, from which on the keys are others.
func (s *sealer) update() string {
	p := s.record(handshakeType, keyUpdate)
	s.rekey(s.expand("traffic upd", sha256.Size))
	return p
}

// sealing starts TLS and returns what speaks in the client's stead then.
func (p *tlsPair) sealing() *sealer {
	p.t.Helper()
	var log bytes.Buffer
	config := testcert.Shared().Client()
	config.KeyLogWriter = &log
	client, server := p.start(config, testcert.Shared().Server(p.t))
	if c, s := <-client, <-server; c != nil || s != nil {
		p.t.Fatal(c, s)
	}
	p.on(func() {
		if state, _ := p.server.ConnectionState(); state.CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
			p.t.Skip("this machine does not prefer AES")
		}
	})
	for line := range strings.Lines(log.String()) {
		if f := strings.Fields(line); f[0] == "CLIENT_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(f[2])
			if err != nil {
				p.t.Fatal(err)
			}
			s := &sealer{t: p.t}
			s.rekey(secret)
			return s
		}
	}
	p.t.Fatal("no secret in the log")
	return nil
}

// A client that has the server answer key updates and reads none of the answers.
func TestTLS_KeyUpdatesThatNobodyReads(t *testing.T) {
	tlsBubble(t, nil, nil, func(p *tlsPair) {
		s := p.sealing()
		p.toS.SetRoom(0)
		got := 0
		read := p.spawn(func(ctx context.Context) error {
			for {
				b, err := p.server.ReadSome(ctx, 100)
				if got += len(b); err != nil {
					return err
				}
			}
		})
		const sent = 20000
		for range sent / 100 {
			var b strings.Builder
			for range 100 {
				b.WriteString(s.update() + s.record(applicationType, "x"))
			}
			p.toS.Send(b.String())
			synctest.Wait()
			if n := p.pending(p.server); n > stream.HighWater {
				t.Errorf("%d bytes wait for a client that reads nothing", n)
				break
			}
		}
		select {
		case err := <-read:
			if err == nil || errors.Is(err, io.EOF) || stream.Quiet(err) || got == 0 {
				t.Errorf("%d bytes, then %v", got, err)
			}
		default:
			t.Errorf("%d of %d bytes were read, and it goes on", got, sent)
			p.on(p.server.CloseNow)
		}
	})
}

// A client that reads may change its keys as often as it likes, also in pieces.
func TestTLS_KeyUpdates(t *testing.T) {
	for _, step := range []int{1, 7, 1 << 20} {
		tlsBubble(t, nil, nil, func(p *tlsPair) {
			s := p.sealing()
			read := p.spawn(func(ctx context.Context) error {
				b, err := p.server.ReadBytes(ctx, 10)
				if string(b) != strings.Repeat("x", 10) {
					t.Errorf("read %q", b)
				}
				return err
			})
			for range 10 { // crypto/tls bears sixteen without data between
				for text := s.update() + s.record(applicationType, "x"); text != ""; {
					n := min(step, len(text))
					p.toS.Send(text[:n])
					text = text[n:]
					synctest.Wait()
				}
			}
			if err := <-read; err != nil {
				t.Fatal(err)
			}
			// What the server says now is under its tenth key.
			p.on(func() { p.server.SendBytes([]byte("new keys")) })
			reply := p.spawn(func(ctx context.Context) error { _, err := p.client.ReadBytes(ctx, 8); return err })
			p.toC.Send(p.toS.Take())
			if err := <-reply; err != nil {
				t.Error(err)
			}
		})
	}
}
