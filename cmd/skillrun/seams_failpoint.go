//go:build failpoint

package main

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/skillrun/skillrun/engine"
)

// points counts the points that were passed.
type points struct {
	mu     sync.Mutex
	passed int
	at     int
	signal syscall.Signal
	list   *os.File
}

var signals = map[string]syscall.Signal{"kill": syscall.SIGKILL, "int": syscall.SIGINT, "term": syscall.SIGTERM, "hup": syscall.SIGHUP}

// newSeams returns those of this build (-tags failpoint), which passes a point
// before and after every operation on a journal, and around every request that may
// change something. At one of them it sends itself a signal:
//
//	SKILLRUN_FAILPOINT=list:FILE   writes the names of the points, one a line
//	SKILLRUN_FAILPOINT=kill:12     SIGKILL at the twelfth; also int, term, hup
func newSeams(env func(string) (string, bool)) seams {
	text, ok := env("SKILLRUN_FAILPOINT")
	if !ok {
		return seams{}
	}
	what, arg, _ := strings.Cut(text, ":")
	p := &points{signal: signals[what]}
	var err error
	if what == "list" {
		p.list, err = os.OpenFile(arg, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	} else {
		p.at, err = strconv.Atoi(arg)
	}
	if err != nil {
		panic("SKILLRUN_FAILPOINT: " + err.Error())
	}
	return seams{disk: p.disk(), wrap: func(next http.RoundTripper) http.RoundTripper { return around{p, next} }}
}

// pass passes a point. It does not return where the process ends.
func (p *points) pass(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed++
	if p.list != nil {
		p.list.WriteString(name + "\n")
	}
	if p.passed == p.at {
		syscall.Kill(os.Getpid(), p.signal)
		if p.signal == syscall.SIGKILL {
			select {}
		}
	}
}

// next reports whether the next point is where the signal comes.
func (p *points) next() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at > 0 && p.passed+1 == p.at
}

func (p *points) disk() engine.Disk {
	return engine.Disk{
		Write: func(f *os.File, text []byte) (int, error) {
			name := "write " + kindOf(f.Name(), text)
			p.pass(name + " before")
			half := 0
			if p.next() || p.list != nil { // half of it is there when the process ends
				half = len(text) / 2
			}
			n, err := f.Write(text[:half])
			if err != nil {
				return n, err
			}
			p.pass(name + " half")
			m, err := f.Write(text[half:])
			p.pass(name + " after")
			return n + m, err
		},
		Sync: func(f *os.File) error {
			err := f.Sync()
			p.pass("sync " + filepath.Base(f.Name()) + " after")
			return err
		},
		Rename: func(from, to string) error {
			p.pass("rename " + filepath.Base(to) + " before")
			return os.Rename(from, to)
		},
		Mkdir: func(path string, mode fs.FileMode) error {
			p.pass("mkdir " + filepath.Base(path) + " before")
			return os.Mkdir(path, mode)
		},
	}
}

// kindOf names what is written: the kind of a journal's record, or the file.
func kindOf(path string, text []byte) string {
	_, after, found := bytes.Cut(text, []byte(`"kind":"`))
	if !found {
		return filepath.Base(path)
	}
	kind, _, _ := bytes.Cut(after, []byte(`"`))
	_, after, _ = bytes.Cut(after, []byte(`"path":"`))
	node, _, _ := bytes.Cut(after, []byte(`"`))
	return "record " + strings.TrimSpace(string(kind)+" "+string(node))
}

// around passes a point before a request is sent and after its answer came.
type around struct {
	*points
	to http.RoundTripper
}

func (a around) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet || strings.HasSuffix(req.URL.Path, "/git-upload-pack") {
		return a.to.RoundTrip(req)
	}
	name := req.Method + " " + req.URL.Path
	a.pass(name + " before")
	resp, err := a.to.RoundTrip(req)
	a.pass(name + " after")
	return resp, err
}
