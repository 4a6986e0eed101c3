package main

import (
	"context"
	"errors"
	"net/http"

	"eddy/httpclient"
)

// fetch answers with what the URL in its argument url answers: what a program costs that asks another one.
// It asks whomever it is told to, so that target must not listen where strangers are.
type fetch struct {
	page
	client *httpclient.Client
}

func (h *fetch) Get(ctx context.Context) error {
	url, err := h.QueryArgument("url")
	if err != nil {
		return err
	}
	resp, err := h.client.Get(ctx, url)
	if err != nil {
		return h.failed(err)
	}
	if resp.Status == http.StatusSwitchingProtocols { // unasked
		h.SetStatus(http.StatusBadGateway)
		return h.Text(string(httpclient.PhaseHead))
	}
	h.SetStatus(resp.Status)
	if kind := resp.Header.Get("Content-Type"); kind != "" {
		h.SetHeader("Content-Type", kind)
	}
	_, err = h.Write(resp.Body)
	return err
}

// failed answers that nothing came from upstream, and in which phase it failed.
func (h *fetch) failed(err error) error {
	fault, ok := errors.AsType[*httpclient.Error](err)
	if !ok {
		return err
	}
	h.SetStatus(http.StatusBadGateway)
	if fault.Timeout() {
		h.SetStatus(http.StatusGatewayTimeout)
	}
	return h.Text(string(fault.Phase))
}
