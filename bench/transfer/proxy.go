package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"eddy/bench"
	"eddy/bench/child"
)

// writeCertificate makes a certificate that nobody trusts, and its key, in two files.
func writeCertificate(dir string) error {
	cert, err := bench.Certificate()
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	write := func(name, kind string, der []byte) error {
		return os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	}
	return errors.Join(write("cert.pem", "CERTIFICATE", cert.Certificate[0]), write("key.pem", "PRIVATE KEY", key))
}

// startProxy starts the program in dir, and returns where it listens, too. It drains when it is stopped.
func startProxy(dir, program, upstream string) (p *child.Process, addr string, err error) {
	p, err = child.Start(child.Options{
		Program: program, Args: []string{"-listen", "127.0.0.1:0", "-upstream", upstream},
		Dir: dir, Log: true, StopBy: syscall.SIGTERM,
	})
	if err != nil {
		return nil, "", err
	}
	_, addr, ok := strings.Cut(p.Said, "listening on ")
	if !ok {
		return nil, "", errors.Join(fmt.Errorf("the proxy said %q, and no address", p.Said), p.Stop())
	}
	return p, addr, nil
}
