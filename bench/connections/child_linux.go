package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"eddy"
	"eddy/httpserver"
)

// childEnv names the server that a child process is.
const childEnv = "EDDY_BENCH_CONNECTIONS"

// servers print their two addresses: without TLS and with.
var servers = map[string]func(*tls.Config) error{
	"eddy": func(config *tls.Config) error {
		s, err := eddy.New(hello, eddy.Options{Logger: slog.New(slog.DiscardHandler), HTTP: httpserver.Options{TLS: config, H2C: true}})
		if err != nil {
			return err
		}
		ctx := context.Background()
		clear, err := s.Listen(ctx, "127.0.0.1:0")
		if err != nil {
			return err
		}
		secure, err := s.ListenTLS(ctx, "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(clear, secure)
		return s.Run(ctx)
	},
	"net/http": func(config *tls.Config) error {
		clear, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		secure, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(clear.Addr(), secure.Addr())
		s := &http.Server{Handler: hello, Protocols: new(http.Protocols)}
		s.Protocols.SetHTTP1(true)
		s.Protocols.SetHTTP2(true)
		s.Protocols.SetUnencryptedHTTP2(true)
		go s.Serve(clear)
		return s.Serve(tls.NewListener(secure, config))
	},
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Hello, World!") })

// beServer does not return. SIGUSR1 makes it give freed memory back.
func beServer(name string) {
	trim := make(chan os.Signal, 1)
	signal.Notify(trim, syscall.SIGUSR1)
	go func() {
		for range trim {
			debug.FreeOSMemory()
		}
	}()
	go func() { // the parent is gone when its end of the pipe is
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, name+":", servers[name](&tls.Config{
		Certificates: []tls.Certificate{certificate()},
		NextProtos:   []string{"h2", "http/1.1"},
	}))
	os.Exit(1)
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// child is a server's process.
type child struct {
	clear, secure string
	cmd           *exec.Cmd
	stdin         io.Closer
}

func start(name string) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(exe)}
	c.cmd.Env = append(os.Environ(), childEnv+"="+name)
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if _, e := fmt.Sscan(line, &c.clear, &c.secure); err != nil || e != nil {
		c.stop()
		return nil, fmt.Errorf("%s told no addresses: %q, %v", name, line, err)
	}
	return c, nil
}

func (c *child) stop() {
	c.stdin.Close()
	c.cmd.Wait()
}

// cpu returns the CPU time that the process has used, to a hundredth of a second.
func (c *child) cpu() time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rss returns the bytes of the process that are in memory, once they change no more.
func (c *child) rss() (bytes float64) {
	for range 50 {
		time.Sleep(100 * time.Millisecond)
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.cmd.Process.Pid))
		var size, resident float64
		fmt.Sscan(string(b), &size, &resident)
		now := resident * float64(os.Getpagesize())
		if now == bytes {
			break
		}
		bytes = now
	}
	return bytes
}
