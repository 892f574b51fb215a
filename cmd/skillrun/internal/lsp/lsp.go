// Package lsp is the language server: it says what the engine's index knows of a file
// in the words of the Language Server Protocol, over a pair of streams. It decides
// nothing about skills, runs nothing, reaches no service and reads only what it is
// handed in a [Site], which is what check reads.
//
// Answers are given one after the other, in the order of what the editor sends, so
// that an answer is always about the text that the editor had when it asked.
// Diagnostics come by themselves, a moment after the last change.
package lsp

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"github.com/skillrun/skillrun/engine"
)

// Options is what a server is made of.
type Options struct {
	Version string
	// Open returns what files of a folder can reach for; "" is an editor without a folder.
	Open func(folder string) Site
	Log  io.Writer // what only who looks for a fault reads
	// Wait is how long the text has to stay as it is before diagnostics are sent.
	Wait time.Duration
}

// Site is what the files of a folder can reach for.
type Site struct {
	// Engine checks; text is asked first for the text of a file, which the editor may have
	// open.
	Engine func(text func(path string) ([]byte, bool)) *engine.Engine
	// Other describes a file that is no skill and no step type, such as tests or a
	// configuration; nil is any other file.
	Other func(e *engine.Engine, path string, text []byte) *engine.Table
	// Names are what can be chosen from in a file.
	Names func(beside string) engine.Names
	// Files are all skills and step types that are found by their names, or beside a file.
	Files func(beside string) []string
	// Read is the text of a file that is not open.
	Read func(path string) ([]byte, error)
}

// Serve answers an editor until that says exit, or its stream ends. The error says
// that it left without a word.
func Serve(ctx context.Context, in io.Reader, out io.Writer, o Options) error {
	s := &server{options: o, docs: map[string]*document{}, left: make(chan struct{})}
	stream := newStream(in, out, o.Log)
	conn := jsonrpc2.NewConn(jsonrpc2.NewHeaderStream(stream), jsonrpc2.WithCodec(codec{}))
	s.client = protocol.ClientDispatcher(conn)
	conn.Go(ctx, s.guarded(protocol.ServerHandler(s, jsonrpc2.MethodNotFoundHandler)))
	select {
	case <-conn.Done():
	case <-s.left:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.docs {
		d.forget()
	}
	s.over = true
	if !s.asked {
		return fmt.Errorf("the editor left without shutdown")
	}
	return nil
}

// codec reads and writes what messages carry.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error) {
	if raw, ok := v.(jsonrpc2.RawMessage); ok {
		return raw, nil
	}
	return protocol.Marshal(v)
}

func (codec) Unmarshal(data []byte, v any) error { return protocol.Unmarshal(data, v) }

// server holds what the editor has open. One request is answered at a time.
type server struct {
	protocol.UnimplementedServer
	options Options
	client  protocol.Client
	left    chan struct{} // closed by exit

	mu     sync.Mutex
	folder string
	site   Site
	units  units // in which the editor counts columns
	docs   map[string]*document
	asked  bool // to shut down
	over   bool
}

// guarded answers one request at a time, and answers also where something in here is
// wrong: an editor is not to lose its server over one file.
func (s *server) guarded(next jsonrpc2.Handler) jsonrpc2.Handler {
	return func(ctx context.Context, req *jsonrpc2.Request) (result any, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer func() {
			if r := recover(); r != nil {
				fmt.Fprintf(s.options.Log, "%s: %v\n%s\n", req.Method(), r, debug.Stack())
				if result, err = nil, nil; !req.IsCall() {
					return
				}
				err = jsonrpc2.NewError(jsonrpc2.ErrInternal.Code, "a fault of the server: its log has more")
			}
		}()
		result, err = next(ctx, req)
		if err != nil && !req.IsCall() { // there is no one to tell, and the connection would end over it
			fmt.Fprintf(s.options.Log, "%s: %v\n", req.Method(), err)
			return nil, nil
		}
		return result, err
	}
}
