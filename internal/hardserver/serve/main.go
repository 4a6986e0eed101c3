// Command serve serves the plain cases of package hardserver, for trials by hand with any client.
//
//	go run ./internal/hardserver/serve [-addr 127.0.0.1:9100] [-list]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"

	"eddy/internal/hardserver"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "listen on `address`")
	list := flag.Bool("list", false, "print the cases and what a good client makes of them, and end")
	flag.Parse()
	if *list {
		for i, c := range hardserver.Cases() {
			if c.Plain() {
				fmt.Printf("%d\t%s\t%v\n", i, c.Name, c.Want)
			}
		}
		return
	}
	s, err := hardserver.Listen(*addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
	defer s.Close()
	fmt.Println(s.URL, s.N)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
}
