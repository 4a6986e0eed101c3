package proxyproto_test

import (
	"fmt"
	"log"

	"eddy/tcp/proxyproto"
)

func ExampleParse() {
	connection := []byte("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET / HTTP/1.1\r\n")
	h, n, err := proxyproto.Parse(connection)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(h.Source, "to", h.Destination)
	fmt.Printf("%q\n", connection[n:])
	// Output:
	// 192.0.2.1:56324 to 198.51.100.2:443
	// "GET / HTTP/1.1\r\n"
}
