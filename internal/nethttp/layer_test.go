package nethttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"eddy/httputil"
	"eddy/internal/nethttp"
)

// A layer between net/http's server and an http.Handler may read another body than the client's, as
// one that decodes does.
func TestHandler_ABodyThatALayerHasReplaced(t *testing.T) {
	hosted := nethttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if string(body) != "plain" || r.ContentLength != -1 || err != nil {
			t.Errorf("%q, length %d, %v", body, r.ContentLength, err)
		}
	}))
	layer := httputil.HandlerFunc(func(ctx context.Context, w httputil.ResponseWriter, r *httputil.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("plain")), -1
		hosted.ServeRequest(ctx, w, r)
	})
	w := httptest.NewRecorder()
	nethttp.Serve(w, httptest.NewRequest("POST", "/", strings.NewReader("coded")), layer)
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}
