package main

import (
	"encoding/json"
	"io"
	"net/http"
)

// newMux returns what a program for net/http would serve: it shows what its types cost.
func newMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plaintext", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "Hello, World!")
	})
	mux.HandleFunc("GET /json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(struct { // fails only when the client has gone
			Message string `json:"message"`
		}{"Hello, World!"})
	})
	return mux
}
