package web

import "context"

// Handler is any type that embeds [RequestHandler] by value. What else it has decides
// what it answers; see [Getter] and its siblings.
type Handler interface {
	handler() *RequestHandler
}

// The methods with which a handler answers. ctx is cancelled when the client goes away,
// when the server gives up on the request, and when the answer is complete; a call that
// takes it may wait while others are served. See the package documentation for what the
// returned error does.
type (
	// A Getter answers GET, and HEAD if it is no [HeadResponder].
	Getter interface {
		Get(ctx context.Context) error
	}
	// A HeadResponder answers HEAD. It sets what Get would set, and writes no body.
	HeadResponder interface {
		Head(ctx context.Context) error
	}
	// A Poster answers POST.
	Poster interface {
		Post(ctx context.Context) error
	}
	// A Putter answers PUT.
	Putter interface {
		Put(ctx context.Context) error
	}
	// A Deleter answers DELETE.
	Deleter interface {
		Delete(ctx context.Context) error
	}
	// A Patcher answers PATCH.
	Patcher interface {
		Patch(ctx context.Context) error
	}
	// An Optioner answers OPTIONS; without it the answer is 204 with an Allow field.
	Optioner interface {
		Options(ctx context.Context) error
	}
	// A CatchAll answers every method, known or not, that the handler has no method of
	// its own for. HEAD goes to Get before it comes here.
	CatchAll interface {
		Any(ctx context.Context) error
	}
)

// The hooks that a handler may have.
type (
	// A DefaultHeaderSetter is called before everything else, and again before an error
	// page, which starts from a fresh header.
	DefaultHeaderSetter interface{ SetDefaultHeaders() }

	// A Preparer is called before the method, whichever that is. If it returns an error
	// or finishes the response, the method is not called.
	Preparer interface {
		Prepare(ctx context.Context) error
	}

	// A Finisher is called exactly once at the end of each request that reached the
	// handler, after the response, also when the client went away or the method panicked.
	// It must not write.
	Finisher interface{ OnFinish() }

	// A ConnectionCloser is called when ctx is cancelled while the handler still works,
	// which mostly means that the client went away. It runs on a goroutine of its own
	// beside the method, so it may touch only what is safe for that, and no method of
	// RequestHandler; it ends before OnFinish is called.
	ConnectionCloser interface{ OnConnectionClose() }

	// An ErrorWriter writes the page for an error in place of the default one. The
	// status is set already, and output and header fields of before are gone. err is nil
	// after SendError. If it returns an error, or panics, the default page is sent.
	ErrorWriter interface {
		WriteError(ctx context.Context, status int, err error) error
	}

	// An ErrorLogger logs an error that a method returned or panicked with, in place of
	// the default (Tornado's log_exception).
	ErrorLogger interface {
		LogError(ctx context.Context, err error)
	}

	// An ETagger computes the entity tag of an unflushed response, quotes included, in
	// place of the default hash of the body; "" means none.
	ETagger interface{ ComputeETag() string }
)
