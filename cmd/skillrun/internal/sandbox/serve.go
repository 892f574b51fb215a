package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// maxBody is how large a request may be, in bytes; a push is the largest.
const maxBody = 256 << 20

// routes serves every stand-in under its prefix. It does not use
// [http.ServeMux], which redirects paths that look unclean: in GitLab's API a
// path holds another one.
func (w *World) routes() http.Handler {
	mounted := map[string]http.Handler{}
	for name, h := range map[string]http.Handler{"git": w.git, "quay": w.quay, "jira": w.jira, "gitlab": w.gitlab, "slack": w.slack} {
		mounted[name] = http.StripPrefix("/"+name, w.recorded(name, h))
	}
	if w.mode.Registry == oci { // its API lies at the root of a host
		h := w.recorded("quay", w.oci)
		mounted["v2"], mounted["token"] = h, h
	}
	mounted["api"] = w.authored()
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		name, _, below := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch h, ok := mounted[name]; {
		case w.servePage(out, r):
		case ok && (below || name == "token"):
			h.ServeHTTP(out, r)
		case r.URL.Path == "/_state" && r.Method != http.MethodGet:
			http.Error(out, "only GET", http.StatusMethodNotAllowed)
		case r.URL.Path == "/_state":
			w.serveState(out)
		case r.URL.Path == "/_faults":
			w.serveFaults(out, r)
		default:
			http.NotFound(out, r)
		}
	})
}

// dated gives every answer the world's own date.
func (w *World) dated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Date", w.o.Now().Add(w.mode.Skew).UTC().Format(http.TimeFormat))
		h.ServeHTTP(out, r)
	})
}

// recorded holds an answer back until the request, and what it changed, are on
// disk, so that no one is told of a change that a kill could undo.
func (w *World) recorded(service string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(out, r.Body, maxBody)
		held := w.carryOut(service, h, r)
		if r.Method != http.MethodGet {
			w.save()
		}
		w.pause(r)
		if m, ok := out.(*handed); ok {
			m.held = held
			return
		}
		held.send(out, r)
	})
}

// carryOut lets a stand-in answer, or the fault whose turn it is.
func (w *World) carryOut(service string, h http.Handler, r *http.Request) *answer {
	if f := w.faults.hit(service, r); f != nil {
		return w.spoil(f, service, h, r)
	}
	held := &answer{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(held, r)
	w.record(Request{service, r.Method, r.URL.RequestURI(), held.status, ""})
	return held
}

// pause waits as long as an answer takes in this world, or until no one waits
// for it any more.
func (w *World) pause(r *http.Request) {
	if w.mode.Delay == 0 {
		return
	}
	t := time.NewTimer(w.mode.Delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

// Header returns the headers of the answer.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader decides the status, the first time.
func (a *answer) WriteHeader(status int) {
	if !a.decided {
		a.status, a.decided = status, true
	}
}

// Write adds to the body.
func (a *answer) Write(p []byte) (int, error) {
	a.decided = true
	return a.body.Write(p)
}
