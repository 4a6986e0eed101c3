package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"eddy/httputil"
)

const (
	// sendLeast is the least for which the engine is asked to send a file by itself; what is
	// shorter goes together with the head.
	sendLeast = 32 << 10
	// copyPiece is how much of a file is in memory where the engine cannot.
	copyPiece = 32 << 10
)

// A fileSender is an engine's ResponseWriter that sends files without passing them through memory. It
// fails with errors.ErrUnsupported, having done nothing, where it cannot.
type fileSender interface {
	SendFile(f fs.File, n int64) (int64, error)
}

// errShrunk does not name the file: whoever is told of it knows the request.
var errShrunk = errors.New("web: a static file became shorter while it was sent")

// sendWhole sends the head, for a body of length bytes, which lie in h.body if it has one, and
// ends the response.
func (h *StaticFileHandler) sendWhole(length int64) error {
	h.headSent = true
	if length == int64(len(h.body)) {
		return h.respond()
	}
	if err := h.sendHead(length); err != nil { // to HEAD
		return err
	}
	return h.sent()
}

// sent ends a response whose body has been sent.
func (h *StaticFileHandler) sent() error {
	h.finished = true
	return h.w.Finish()
}

// sendRange sends a part of a file, or all of it.
func (h *StaticFileHandler) sendRange(f fs.File, r httputil.ByteRange) error {
	switch {
	case h.Request.Method == http.MethodHead:
		return h.sendWhole(r.Len())
	case r.Start > 0:
		if err := seek(f, r.Start); err != nil {
			return err
		}
	}
	if r.Len() < sendLeast {
		h.body = make([]byte, r.Len())
		if _, err := io.ReadFull(f, h.body); err != nil {
			h.body = nil
			return readError(err)
		}
		return h.sendWhole(r.Len())
	}
	if err := h.sendHead(r.Len()); err != nil {
		return err
	}
	if err := h.sendFile(f, r.Len()); err != nil {
		return err
	}
	return h.sent()
}

func seek(f fs.File, to int64) error {
	_, err := f.(io.Seeker).Seek(to, io.SeekStart)
	return err
}

func readError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errShrunk
	}
	return fmt.Errorf("web: static file: %w", err)
}

// sendFile sends the next n bytes of a file.
func (h *StaticFileHandler) sendFile(f fs.File, n int64) error {
	engine, ok := h.w.(fileSender)
	for ok && n >= sendLeast {
		sent, err := engine.SendFile(f, n)
		n -= sent
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			ok = false
		case errors.Is(err, io.ErrUnexpectedEOF), err == nil && sent == 0:
			return errShrunk
		case err != nil:
			return err
		}
	}
	buf := make([]byte, min(n, copyPiece))
	for n > 0 {
		piece := buf[:min(n, int64(len(buf)))]
		if _, err := io.ReadFull(f, piece); err != nil {
			return readError(err)
		}
		if _, err := h.w.Write(piece); err != nil {
			return err
		}
		n -= int64(len(piece))
	}
	return nil
}

// sendParts sends several ranges (RFC 9110 §14.6). There are at most httputil.MaxRanges, and none
// overlaps another: the body is little longer than the file.
func (h *StaticFileHandler) sendParts(v *variant, ranges []httputil.ByteRange, f fs.File) error {
	boundary := rand.Text()
	contentType := h.header.Get("Content-Type")
	h.setField("Content-Type", "multipart/byteranges; boundary="+boundary)
	heads := make([]string, len(ranges))
	end := "\r\n--" + boundary + "--\r\n"
	length := int64(len(end))
	for i, r := range ranges {
		heads[i] = "\r\n--" + boundary + "\r\nContent-Type: " + contentType +
			"\r\nContent-Range: " + r.ContentRange(v.sent.info.Size()) + "\r\n\r\n"
		length += int64(len(heads[i])) + r.Len()
	}
	heads[0] = heads[0][2:]
	length -= 2
	if h.Request.Method == http.MethodHead {
		return h.sendWhole(length)
	}
	if err := h.sendHead(length); err != nil {
		return err
	}
	for i, r := range ranges {
		if _, err := io.WriteString(h.w, heads[i]); err != nil {
			return err
		}
		if err := seek(f, r.Start); err != nil {
			return err
		}
		if err := h.sendFile(f, r.Len()); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(h.w, end); err != nil {
		return err
	}
	return h.sent()
}
