package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"eddy/async"
	"eddy/httpclient"
	"eddy/web"
)

// source is a server to ask.
type source struct{ name, url string }

// Page is the merged answer.
type Page struct {
	web.RequestHandler
	client   *httpclient.Client
	sources  []source
	deadline time.Duration
}

// part is what became of one source: its JSON, or in one word why there is none.
type part struct {
	Data  json.RawMessage `json:"data,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Get asks all sources at once.
func (h *Page) Get(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, h.deadline)
	defer cancel()
	asked := make([]*async.Future[part], len(h.sources))
	for i, s := range h.sources {
		asked[i] = async.Go(ctx, func(ctx context.Context) (part, error) { return h.ask(ctx, s), nil })
	}
	// The sources have the deadline, and Gather has not: it gets what they make of it.
	parts, err := async.Gather(context.WithoutCancel(ctx), asked...)
	if err != nil {
		return err
	}
	return h.merge(parts)
}

// ask does not fail: a page without one of its parts is better than none.
func (h *Page) ask(ctx context.Context, s source) part {
	resp, err := h.client.Get(ctx, s.url)
	if err == nil {
		err = resp.Rethrow()
	}
	if err == nil && !json.Valid(resp.Body) {
		err = errors.New("the answer is no JSON")
	}
	if err == nil {
		return part{Data: resp.Body}
	}
	slog.Warn("no answer", slog.String("source", s.name), slog.Any("error", err)) // the client need not know
	if errors.Is(err, context.DeadlineExceeded) {
		return part{Error: "late"}
	}
	return part{Error: "failed"}
}

// merge answers. It is an error only if there is nothing at all.
func (h *Page) merge(parts []part) error {
	merged := make(map[string]part, len(parts))
	there := 0
	for i, p := range parts {
		merged[h.sources[i].name] = p
		if p.Error == "" {
			there++
		}
	}
	if there == 0 {
		h.SetStatus(http.StatusBadGateway)
	}
	if there < len(parts) {
		h.SetHeader("Cache-Control", "no-store") // the next one may be better
	}
	return h.JSON(struct {
		Complete bool            `json:"complete"`
		Parts    map[string]part `json:"parts"`
	}{there == len(parts), merged})
}
