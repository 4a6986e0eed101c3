package httpserver_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"eddy/httpserver"
	"eddy/httputil"
)

func TestHTTPHandler_IsBothKinds(t *testing.T) {
	both := httpserver.HTTPHandler(echo)
	rec := httptest.NewRecorder()
	both.ServeHTTP(rec, httptest.NewRequest("GET", "/x", nil))
	if rec.Code != 200 || rec.Body.String() != "GET /x " {
		t.Errorf("under net/http: %d %q", rec.Code, rec.Body)
	}
	if _, native := both.(httputil.Handler); !native {
		t.Error("on Eddy it would cross twice")
	}
	bubble(t, httpserver.Handler(both), httpserver.Options{}, func(h *harness) {
		if got := h.send(h.connect(), get); got != ok("GET / ") {
			t.Errorf("on Eddy: %q", got)
		}
	})
}

func TestHandler_HostsAnHTTPHandler(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "hosted")
	})
	bubble(t, httpserver.Handler(h), httpserver.Options{}, func(h *harness) {
		if got := h.send(h.connect(), get); got != ok("hosted") {
			t.Errorf("got %q", got)
		}
	})
}
