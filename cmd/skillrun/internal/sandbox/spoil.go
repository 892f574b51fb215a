package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// spoil carries a request out, or does not, and makes the answer what the fault
// wants it to be. What happens to the bytes on their way is left to who sends
// them.
func (w *World) spoil(a *armed, service string, h http.Handler, r *http.Request) *answer {
	f := &a.Fault
	held := &answer{header: http.Header{}, status: http.StatusOK, fault: f, greedy: func() { w.faults.greedy(a) }}
	switch {
	case f.When == before:
		w.record(Request{service, r.Method, r.URL.RequestURI(), f.shown(), f.Kind})
	case f.Kind == Duplicate:
		w.twice(held, service, h, r)
	default:
		h.ServeHTTP(held, f.about(w, service, r))
		w.record(Request{service, r.Method, r.URL.RequestURI(), f.answered(held.status), f.Kind})
	}
	f.rewrite(w, held)
	return held
}

// shown is the status that a client sees which was not listened to; 0 is none.
func (f *Fault) shown() int {
	if f.Kind == Redirect && f.Status == 0 {
		return http.StatusFound
	}
	return f.Status
}

// answered is the status that a client sees where the stand-in said something.
func (f *Fault) answered(said int) int {
	switch f.Kind {
	case Status, Redirect:
		return f.shown()
	case Reset, Timeout:
		return 0
	case LoginPage:
		return http.StatusOK
	}
	return said
}

// twice delivers a request two times. The second answer is lost.
func (w *World) twice(held *answer, service string, h http.Handler, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(held, err.Error(), http.StatusBadRequest)
		return
	}
	for _, out := range []*answer{held, {header: http.Header{}, status: http.StatusOK}} {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(out, again)
		w.record(Request{service, r.Method, r.URL.RequestURI(), out.status, Duplicate})
	}
}

// about is the request that is carried out: another repository's where a git
// client is to hear about something else.
func (f *Fault) about(w *World, service string, r *http.Request) *http.Request {
	if f.Kind != OtherObject || service != "git" || r.Method != http.MethodGet {
		return r
	}
	other := r.Clone(r.Context())
	to := "/" + backendProject + ".git/info/refs"
	if r.URL.Path == to {
		to = "/" + deployProject + ".git/info/refs"
	}
	other.URL.Path = to
	return other
}

// rewrite turns the answer into what the fault wants.
func (f *Fault) rewrite(w *World, held *answer) {
	text := func(status int, kind, body string) {
		held.status, held.body = status, *bytes.NewBufferString(body)
		held.header.Set("Content-Type", kind)
	}
	switch f.Kind {
	case Status:
		text(f.Status, "application/json", `{"message":"`+http.StatusText(f.Status)+`"}`)
		if f.RetryAfter != "" {
			held.header.Set("Retry-After", f.RetryAfter)
		}
	case Redirect:
		to := f.Location
		if to == "" {
			to = w.url + "/elsewhere"
		}
		text(f.shown(), "text/html", "moved\n")
		held.header.Set("Location", to)
	case InvalidJSON:
		text(held.status, "application/json", `{"id": "1", "key": `)
	case LoginPage:
		text(http.StatusOK, "text/html; charset=utf-8", "<!doctype html>\n<title>Log in</title>\n<form action=\"/login\"><input name=user></form>\n")
	case OtherObject:
		held.body = *bytes.NewBuffer(another(held.body.Bytes(), w.seeds()))
	}
}

// another is a JSON answer in which every object has become one that someone
// else made; anything else stays as it is.
func another(body []byte, s seeded) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return body
	}
	object := func(v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		for name, value := range map[string]any{"key": s.Issues[0], "iid": s.MergeRequests[0], "id": "1", "name": "another"} {
			if _, there := m[name]; there {
				m[name] = value
			}
		}
		if _, number := m["iid"]; number {
			m["id"] = 1
		}
	}
	object(v)
	if list, ok := v.([]any); ok {
		for _, v := range list {
			object(v)
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return out
}

// seeds are what was there before anybody came.
func (w *World) seeds() seeded {
	w.mu.Lock()
	defer w.mu.Unlock()
	return seeded{slices.Clone(w.seeded.Issues), slices.Clone(w.seeded.MergeRequests)}
}

// send gives the answer to a client on a socket, as far as the fault lets it
// get there.
func (a *answer) send(out http.ResponseWriter, r *http.Request) {
	for name, values := range a.header {
		out.Header()[name] = values
	}
	kind := ""
	if a.fault != nil {
		kind = a.fault.Kind
	}
	body, half := a.body.Bytes(), a.body.Bytes()[:a.body.Len()/2]
	switch kind {
	case Refuse, Reset:
		breakOff(out)
	case Timeout:
		_, _ = io.Copy(io.Discard, r.Body) // net/http sees that a client went away only when it has all of the request
		<-r.Context().Done()
		breakOff(out)
	case Truncated:
		out.Header().Set("Content-Length", lengthOf(body))
		a.begin(out, half) // net/http closes the connection when there is no more
	case Stalled:
		a.begin(out, half)
		<-r.Context().Done()
	case Endless:
		a.begin(out, half)
		_, err := io.Copy(struct{ io.Writer }{out}, &endless{left: Enough, greedy: a.greedy})
		if err == nil {
			breakOff(out)
		}
	case Slow:
		a.trickle(out, r, body)
	default:
		out.WriteHeader(a.status)
		_, _ = out.Write(body) // a client that hung up is its own affair
	}
}

// begin sends the first part of an answer at once.
func (a *answer) begin(out http.ResponseWriter, part []byte) {
	out.WriteHeader(a.status)
	_, _ = out.Write(part)
	_ = http.NewResponseController(out).Flush()
}

// trickle sends a body byte by byte, spread over the time that the fault says;
// a second when it says nothing.
func (a *answer) trickle(out http.ResponseWriter, r *http.Request, body []byte) {
	a.begin(out, nil)
	whole := time.Second
	if a.fault.Seconds > 0 {
		whole = time.Duration(a.fault.Seconds * float64(time.Second))
	}
	pause := time.NewTicker(max(whole/time.Duration(len(body)+1), time.Microsecond))
	defer pause.Stop()
	for i := range body {
		select {
		case <-pause.C:
		case <-r.Context().Done():
			return
		}
		a.begin(out, body[i:i+1])
	}
}

// breakOff ends a connection without a word more: the client's next read or
// write fails with a reset.
func breakOff(out http.ResponseWriter) {
	conn, _, err := http.NewResponseController(out).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // over HTTP/2 that resets the stream
	}
	if tcp, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = tcp.NetConn() // below TLS
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
