package tcp_test

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/internal/testcert"
	"eddy/internal/testdir"
	"eddy/tcp"
)

func TestKeyPair_FollowsItsFiles(t *testing.T) {
	dir := testdir.New(t)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	age := 0
	write := func(file string, p []byte) {
		t.Helper()
		if err := os.WriteFile(file, p, 0o600); err != nil {
			t.Fatal(err)
		}
		age++ // file systems have coarse clocks
		when := time.Date(2020, 1, 1, 0, 0, age, 0, time.UTC)
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tcp.LoadKeyPair(certFile, keyFile); err == nil || !strings.Contains(err.Error(), "cert.pem") {
		t.Errorf("files that are not there: %v", err)
	}
	old, renewed := testcert.Shared().Issue(t, "old"), testcert.Shared().Issue(t, "renewed")
	oldCert, oldKey := testcert.PEM(t, old)
	newCert, newKey := testcert.PEM(t, renewed)
	write(certFile, oldCert)
	write(keyFile, oldKey)

	var logs bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&logs, nil)))
	synctest.Test(t, func(t *testing.T) {
		pair, err := tcp.LoadKeyPair(certFile, keyFile)
		if err != nil {
			t.Fatal(err)
		}
		uses := func(want tls.Certificate, when string) {
			t.Helper()
			server, _ := pair.GetCertificate(nil)
			client, _ := pair.GetClientCertificate(nil)
			for _, got := range []*tls.Certificate{server, client} {
				if !bytes.Equal(got.Certificate[0], want.Certificate[0]) {
					t.Errorf("%s: the wrong certificate", when)
				}
			}
		}
		uses(old, "at first")
		write(certFile, newCert)
		for range 3 {
			time.Sleep(2 * time.Second)
			uses(old, "halfway")
		}
		if n := strings.Count(logs.String(), "former certificate"); n != 1 {
			t.Errorf("logged %d times: %s", n, logs.String())
		}
		if pair.Reload() == nil {
			t.Error("Reload took a certificate and the key of another")
		}
		write(keyFile, newKey)
		uses(old, "within a second")
		time.Sleep(2 * time.Second)
		uses(renewed, "a second later")
		os.Remove(keyFile)
		time.Sleep(2 * time.Second)
		uses(renewed, "without its key")
		write(keyFile, newKey)
		time.Sleep(2 * time.Second)
		uses(renewed, "with its key again")
		os.Remove(certFile)
		os.Remove(keyFile)
		logs.Reset()
		for range 3 {
			time.Sleep(2 * time.Second)
			uses(renewed, "without its files")
		}
		if n := strings.Count(logs.String(), "former certificate"); n != 1 {
			t.Errorf("files that are gone were logged %d times: %s", n, logs.String())
		}
	})
}
