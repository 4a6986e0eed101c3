package ecosystem_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/gorilla/mux"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
	"github.com/rs/cors"
)

var longText = strings.Repeat("all the same, ", 1000)

func unzip(t *testing.T, resp *http.Response, body string) string {
	t.Helper()
	if got := resp.Header.Get("Content-Encoding"); got != "gzip" {
		t.Errorf("coding %q", got)
		return body
	}
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return ""
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// quiet is a log that nobody reads.
type quiet struct{}

func (quiet) NewLogEntry(*http.Request) middleware.LogEntry   { return quiet{} }
func (quiet) Write(int, int, http.Header, time.Duration, any) {}
func (quiet) Panic(any, []byte)                               {}

func chiRouter() http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.RealIP, middleware.RequestLogger(quiet{}), middleware.Recoverer,
		middleware.Compress(5), middleware.Throttle(10), middleware.Timeout(200*time.Millisecond), middleware.StripSlashes)
	r.Get("/items/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "item ", chi.URLParam(r, "id"), " for ", r.RemoteAddr)
	})
	r.Get("/long", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, longText)
	})
	r.Get("/panic", func(http.ResponseWriter, *http.Request) { panic("no") })
	r.Get("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r.Route("/api", func(r chi.Router) {
		r.With(middleware.AllowContentType("application/json")).Post("/", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
		})
	})
	r.Mount("/debug", middleware.Profiler())
	return r
}

func TestChi(t *testing.T) {
	onBoth(t, chiRouter, func(t *testing.T, s *site) {
		if _, body := s.get(t, "/items/a%20b/", "X-Real-IP", "192.0.2.7"); body != "item a b for 192.0.2.7" {
			t.Errorf("body %q", body)
		}
		resp, body := s.get(t, "/long", "Accept-Encoding", "gzip")
		if unzip(t, resp, body) != longText {
			t.Error("the body is another")
		}
		s.wantBody(t, "/panic", 500, "")
		s.wantBody(t, "/slow", 504, "")
		s.wantBody(t, "/none", 404, "not found")
		s.wantBody(t, "/debug/vars", 200, "memstats")
		if resp, _ := s.do(t, "DELETE", "/long", ""); resp.StatusCode != 405 {
			t.Errorf("%s", resp.Status)
		}
		if resp, _ := s.do(t, "POST", "/api/", "x", "Content-Type", "text/plain"); resp.StatusCode != 415 {
			t.Errorf("%s", resp.Status)
		}
		if _, body := s.do(t, "POST", "/api/", "{}", "Content-Type", "application/json"); body != "{}" {
			t.Errorf("body %q", body)
		}
	})
}

func TestGorilla_MuxAndHandlers(t *testing.T) {
	var logged bytes.Buffer
	router := func() http.Handler {
		logged.Reset()
		r := mux.NewRouter()
		r.HandleFunc("/articles/{category}/{id:[0-9]+}", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, mux.Vars(r)["category"], " ", mux.Vars(r)["id"])
		}).Methods("GET").Name("article")
		r.HandleFunc("/long", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, longText) })
		r.HandleFunc("/flush", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "one")
			w.(http.Flusher).Flush()
			io.WriteString(w, "two")
		})
		r.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("no") })
		r.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr, " ", r.URL.Scheme) })
		r.Use(handlers.CompressHandler, handlers.ProxyHeaders)
		recovery := handlers.RecoveryHandler(handlers.RecoveryLogger(log.New(io.Discard, "", 0)))
		return handlers.CombinedLoggingHandler(&logged, recovery(r))
	}
	onBoth(t, router, func(t *testing.T, s *site) {
		s.wantBody(t, "/articles/go/42", 200, "go 42")
		s.wantBody(t, "/articles/go/x", 404, "")
		s.wantBody(t, "/flush", 200, "onetwo")
		s.wantBody(t, "/panic", 500, "")
		resp, body := s.get(t, "/long", "Accept-Encoding", "gzip")
		if unzip(t, resp, body) != longText {
			t.Error("the body is another")
		}
		if _, body := s.get(t, "/who", "X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https"); body != "192.0.2.7 https" {
			t.Errorf("body %q", body)
		}
		s.client.CloseIdleConnections()
	})
	if !strings.Contains(logged.String(), `"GET /articles/go/42 HTTP/1.1" 200 5`) {
		t.Errorf("log %q", logged.String())
	}
}

func TestCors(t *testing.T) {
	h := func() http.Handler {
		c := cors.New(cors.Options{AllowedOrigins: []string{"https://a.example"}, AllowedMethods: []string{"PUT"}, AllowCredentials: true})
		return c.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }))
	}
	onBoth(t, h, func(t *testing.T, s *site) {
		resp, _ := s.do(t, "OPTIONS", "/", "", "Origin", "https://a.example", "Access-Control-Request-Method", "PUT")
		if resp.StatusCode != 204 || resp.Header.Get("Access-Control-Allow-Origin") != "https://a.example" {
			t.Errorf("preflight: %s, %v", resp.Status, resp.Header)
		}
		resp, body := s.get(t, "/", "Origin", "https://b.example")
		if body != "ok" || resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("another origin: %q, %v", body, resp.Header)
		}
	})
}

func TestGzhttp(t *testing.T) {
	h := func() http.Handler {
		return gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(longText)))
			io.WriteString(w, longText)
		}))
	}
	onBoth(t, h, func(t *testing.T, s *site) {
		resp, body := s.get(t, "/", "Accept-Encoding", "gzip")
		if unzip(t, resp, body) != longText {
			t.Error("the body is another")
		}
		s.wantBody(t, "/", 200, longText[:100])
	})
}

func TestGin(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	engine := func() http.Handler {
		r := gin.New()
		r.Use(gin.RecoveryWithWriter(io.Discard))
		r.GET("/hello/:name", func(c *gin.Context) { c.JSON(200, gin.H{"hello": c.Param("name"), "ip": c.ClientIP()}) })
		r.GET("/panic", func(*gin.Context) { panic("no") })
		r.GET("/events", func(c *gin.Context) {
			i := 0
			c.Stream(func(w io.Writer) bool { // by http.CloseNotifier
				c.SSEvent("n", i)
				i++
				return i < 3
			})
		})
		r.POST("/upload", func(c *gin.Context) {
			file, err := c.FormFile("f")
			if err != nil {
				c.String(400, err.Error())
				return
			}
			c.String(200, "%d", file.Size)
		})
		r.GET("/hijack", func(c *gin.Context) {
			conn, _, err := c.Writer.Hijack()
			if err == nil {
				io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\nraw")
				conn.Close()
			}
		})
		return r
	}
	onBoth(t, engine, func(t *testing.T, s *site) {
		s.wantBody(t, "/hello/world", 200, `{"hello":"world","ip":"127.0.0.1"}`)
		s.wantBody(t, "/panic", 500, "")
		s.wantBody(t, "/events", 200, "event:n\ndata:2\n\n")
		s.wantBody(t, "/hijack", 200, "raw")
		form := "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n12345\r\n--b--\r\n"
		if _, body := s.do(t, "POST", "/upload", form, "Content-Type", "multipart/form-data; boundary=b"); body != "5" {
			t.Errorf("upload %q", body)
		}
	})
}
