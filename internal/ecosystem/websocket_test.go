package ecosystem_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"eddy/internal/testcert"
)

// The most that a message of these tests has.
const mostMessage = 4 << 20

// gorillaEcho and coderEcho are the libraries' own examples: they echo until the client closes.
func gorillaEcho() http.Handler {
	upgrader := gorilla.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, Subprotocols: []string{"echo"}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, p, err := c.ReadMessage()
			if err != nil {
				return
			}
			if string(p) == "close" {
				c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(4001, "as you wish"), time.Now().Add(5*time.Second))
				continue
			}
			if c.WriteMessage(kind, p) != nil {
				return
			}
		}
	})
}

func coderEcho() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := coder.Accept(w, r, &coder.AcceptOptions{Subprotocols: []string{"echo"}})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(mostMessage)
		for {
			kind, p, err := c.Read(context.Background())
			if err != nil {
				return
			}
			if string(p) == "close" {
				c.Close(4001, "as you wish")
				return
			}
			if c.Write(context.Background(), kind, p) != nil {
				return
			}
		}
	})
}

var messageSizes = []int{0, 1, 125, 126, 4096, 65535, 65536, 1 << 20}

func gorillaClient(t *testing.T, s *site) {
	dialer := gorilla.Dialer{TLSClientConfig: testcert.Shared().Client(), Subprotocols: []string{"echo"}}
	c, resp, err := dialer.DialContext(t.Context(), s.ws(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Subprotocol() != "echo" || resp.StatusCode != 101 {
		t.Errorf("%s, protocol %q", resp.Status, c.Subprotocol())
	}
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	for _, size := range messageSizes {
		sent := bytes.Repeat([]byte("é"), size/2)
		if err := c.WriteMessage(gorilla.TextMessage, sent); err != nil {
			t.Fatal(err)
		}
		if kind, got, err := c.ReadMessage(); err != nil || kind != gorilla.TextMessage || !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes: kind %d, %d bytes, %v", size, kind, len(got), err)
		}
	}
	ponged := ""
	c.SetPongHandler(func(data string) error { ponged = data; return nil })
	c.WriteControl(gorilla.PingMessage, []byte("mark"), time.Now().Add(5*time.Second))
	c.WriteMessage(gorilla.BinaryMessage, []byte("close"))
	_, _, err = c.ReadMessage()
	var closed *gorilla.CloseError
	if !errors.As(err, &closed) || closed.Code != 4001 || closed.Text != "as you wish" || ponged != "mark" {
		t.Errorf("closed with %v, pong %q", err, ponged)
	}
}

func coderClient(t *testing.T, s *site) {
	options := &coder.DialOptions{HTTPClient: s.client, Subprotocols: []string{"echo"}}
	c, _, err := coder.Dial(t.Context(), s.ws(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(mostMessage)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, size := range messageSizes {
		sent := bytes.Repeat([]byte("x"), size)
		if err := c.Write(ctx, coder.MessageBinary, sent); err != nil {
			t.Fatal(err)
		}
		if kind, got, err := c.Read(ctx); err != nil || kind != coder.MessageBinary || !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes: kind %v, %d bytes, %v", size, kind, len(got), err)
		}
	}
	if err := c.Write(ctx, coder.MessageText, []byte("close")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(ctx); coder.CloseStatus(err) != 4001 {
		t.Errorf("closed with %v", err)
	}
}

var (
	webSocketServers = map[string]func() http.Handler{"gorilla": gorillaEcho, "coder": coderEcho}
	webSocketClients = map[string]func(*testing.T, *site){"gorilla": gorillaClient, "coder": coderClient}
)

func TestWebSocket_EchoAndClose(t *testing.T) {
	for server, h := range webSocketServers {
		for client, talk := range webSocketClients {
			t.Run(fmt.Sprintf("%s client of %s", client, server), func(t *testing.T) { onBoth(t, h, talk) })
		}
	}
}

// The client's own close is answered by the closing handshake.
func TestWebSocket_ClientCloses(t *testing.T) {
	for server, h := range webSocketServers {
		t.Run(server, func(t *testing.T) {
			onBoth(t, h, func(t *testing.T, s *site) {
				c, _, err := coder.Dial(t.Context(), s.ws(), &coder.DialOptions{HTTPClient: s.client})
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Close(coder.StatusNormalClosure, "bye"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// What is no upgrade is refused, and the connection can be used again.
func TestWebSocket_PlainRequestIsRefused(t *testing.T) {
	for server, h := range webSocketServers {
		t.Run(server, func(t *testing.T) {
			onBoth(t, h, func(t *testing.T, s *site) {
				for range 2 {
					if resp, _ := s.get(t, "/"); resp.StatusCode != 400 && resp.StatusCode != 426 {
						t.Errorf("status %s", resp.Status)
					}
				}
			})
		})
	}
}
