package httpclient_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"eddy/http1"
	"eddy/httpclient"
	"eddy/httputil"
	"eddy/internal/hardserver"
	"eddy/internal/testcert"
)

// trial is the client under trial.
type trial struct{ *httpclient.Client }

func newTrial(*hardserver.Case) hardserver.Client {
	return trial{httpclient.New(httpclient.Options{
		MaxBody:      hardserver.MaxBody,
		Limits:       http1.Limits{HeaderBytes: hardserver.MaxHead},
		MaxRedirects: hardserver.MaxRedirects,
		Allow:        onlyLoopback,
		TLS:          &tls.Config{RootCAs: testcert.Shared().Pool()},
	})}
}

var errGuard = errors.New("no loopback address")

func onlyLoopback(a netip.AddrPort) error {
	if !a.Addr().IsLoopback() {
		return errGuard
	}
	return nil
}

func (c trial) Close() { c.Client.Close() }

func (c trial) Fetch(ctx context.Context, k *hardserver.Case, url string) hardserver.Outcome {
	r := &httpclient.Request{Method: k.Method, URL: url, Body: bytes.Repeat([]byte("x"), k.Upload)}
	if k.Credentials {
		r.Header.Set("Authorization", hardserver.Authorization)
		r.Header.Set("Cookie", hardserver.Cookie)
	}
	if k.Upload > 0 {
		r.Header.Set("Content-Type", "text/plain")
	}
	resp, err := c.Do(ctx, r)
	if err != nil {
		return hardserver.Outcome{Class: classify(err)}
	}
	return hardserver.Outcome{Class: hardserver.OK, Status: resp.Status, Body: string(resp.Body)}
}

// classify tells what an error means by its type and phase alone.
func classify(err error) hardserver.Class {
	e, ok := errors.AsType[*httpclient.Error](err)
	var protocol *http1.Error
	switch {
	case !ok:
		return hardserver.Class("unknown: " + err.Error())
	case e.Timeout():
		return hardserver.Timeout
	case e.Phase == httpclient.PhaseRedirect:
		return hardserver.Redirect
	case e.Phase == httpclient.PhaseConnect, e.Phase == httpclient.PhaseResolve:
		return hardserver.Connect
	case e.Phase == httpclient.PhaseTLS:
		return hardserver.TLS
	case errors.Is(err, httpclient.ErrBodyTooLarge):
		return hardserver.TooLarge
	case errors.Is(err, httputil.ErrBodyMalformed):
		return hardserver.Decode
	case errors.As(err, &protocol) && protocol.Status == 502 && protocol.Reason == "head too long":
		return hardserver.TooLarge
	case errors.As(err, &protocol):
		return hardserver.Protocol
	case errors.Is(err, httpclient.ErrCut) && errors.Is(err, io.EOF):
		return hardserver.Closed
	case errors.Is(err, httpclient.ErrCut):
		return hardserver.Cut
	}
	return hardserver.Class("unknown: " + err.Error())
}

func TestDo_OnHardServers(t *testing.T) {
	// Package net's goroutines hear of what comes later than the loop, which asks the kernel.
	hearsLate := os.Getenv("EDDY_POLLER") == "net" || runtime.GOOS == "windows"
	for _, r := range hardserver.Run(t, hardserver.Cases(), newTrial) {
		if hearsLate && (r.Case.Name == "behind: a response, later" || r.Case.Name == "behind: 408 to an idle connection") {
			continue
		}
		if fault := r.Fault(); fault != "" {
			t.Errorf("%s: %s", r.Case.Name, fault)
		}
	}
}
