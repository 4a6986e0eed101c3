package httpclient_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"eddy/httpclient"
)

// A library that is written for net/http takes an http.Client, or an http.RoundTripper.
func ExampleTransport() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }))
	defer s.Close()

	c := httpclient.New(httpclient.Options{})
	defer c.Close()
	client := &http.Client{Transport: &httpclient.Transport{Client: c}}

	resp, err := client.Get(s.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(body), err)
	// Output: 200 OK hello <nil>
}
