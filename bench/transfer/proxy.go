package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// writeCertificate makes a certificate that nobody trusts, and its key, in two files.
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	write := func(name, kind string, der []byte) error {
		return os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	}
	return errors.Join(write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", secret))
}

// proxy is the program at work.
type proxy struct {
	addr string
	cmd  *exec.Cmd
}

func startProxy(dir, program, upstream string) (*proxy, error) {
	p := &proxy{cmd: exec.Command(program, "-listen", "127.0.0.1:0", "-upstream", upstream)}
	p.cmd.Dir = dir
	log, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(log)
	line, err := lines.ReadString('\n')
	_, addr, ok := strings.Cut(strings.TrimSpace(line), "listening on ")
	if !ok {
		p.stop()
		return nil, fmt.Errorf("the proxy said %q, %w", line, errors.Join(err, errors.New("and no address")))
	}
	p.addr = addr
	go io.Copy(os.Stderr, lines) // ends with the process
	return p, nil
}

// end asks the proxy to drain, and waits until it has.
func (p *proxy) end() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// stop does nothing after end.
func (p *proxy) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// memory returns a line of the process's status in MiB: VmRSS what it takes now, VmHWM the most
// that it has taken.
func (p *proxy) memory(line string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "\n"+line+":")
	var kb float64
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		return 0, fmt.Errorf("no %s: %w", line, err)
	}
	return kb / 1024, nil
}
