package httputil_test

import (
	"fmt"
	"log"
	"net/netip"

	"eddy/httputil"
)

// Who is the client behind two proxies? What it says of itself comes first in the list, and does not count.
func ExampleProxies_Resolve() {
	networks, err := httputil.ParseNetworks("10.0.0.0/8")
	if err != nil {
		fmt.Println(err)
		return
	}
	proxies := &httputil.Proxies{Trusted: networks, AddrField: "X-Forwarded-For"}
	var header httputil.Header
	header.Set("X-Forwarded-For", "127.0.0.1, 192.0.2.7, 10.0.0.2")

	peer, server := netip.MustParseAddrPort("10.0.0.1:40000"), netip.MustParseAddrPort("10.0.0.9:8888")
	client, ok := proxies.Resolve(peer, server, &header)
	fmt.Println(client.Addr.Addr(), ok)
	// Output: 192.0.2.7 true
}

func ExampleParseRange() {
	ranges, err := httputil.ParseRange("bytes=0-99,-50", 1000)
	for _, r := range ranges {
		fmt.Println(r.Start, r.End, r.ContentRange(1000))
	}
	fmt.Println(err)
	// Output:
	// 0 100 bytes 0-99/1000
	// 950 1000 bytes 950-999/1000
	// <nil>
}

func ExampleCookie() {
	cookie := httputil.Cookie{Name: "theme", Value: "dark blue", Path: "/", HTTPOnly: true, SameSite: httputil.SameSiteLax}
	field, err := cookie.Field()
	fmt.Println(field, err)
	for name, value := range httputil.ParseCookie(`theme="dark blue"; lang=de`) {
		fmt.Println(name, "is", value)
	}
	// Output:
	// theme="dark blue"; Path=/; HttpOnly; SameSite=Lax <nil>
	// theme is dark blue
	// lang is de
}

func ExampleParseChallenges() {
	list, err := httputil.ParseChallenges(`Negotiate, Digest realm="a, b", nonce="n"`, `Basic realm="c"`)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range list {
		realm, _ := c.Params.Get("realm")
		fmt.Printf("%s %q\n", c.Scheme, realm)
	}
	// Output:
	// negotiate ""
	// digest "a, b"
	// basic "c"
}
