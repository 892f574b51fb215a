package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// The limits of a call.
const (
	defaultTimeout = time.Minute
	maxTools       = 1000
	maxText        = 1 << 20
	grace          = 2 * time.Second // for a program to end by itself
)

// session is a connection to a server, for one call of a step.
type session struct {
	*mcp.ClientSession
	close func()
}

// open connects to a server. What it answers with is bounded in time; the caller closes
// the session.
func (s Service) open(ctx context.Context, name string) (session, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "skillrun", Version: "1"}, &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}})
	what := "connect to " + name
	if s.URL != "" {
		over := &http.Client{Transport: bearer{s.Token, rest.Client(s.Transport, s.Timeout).Transport}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		c, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: s.URL, HTTPClient: over, MaxRetries: -1, DisableStandaloneSSE: true}, nil)
		if err != nil {
			return session{}, refused(what, name, err)
		}
		return session{c, func() { _ = c.Close() }}, nil
	}
	path, err := exec.LookPath(s.Command[0])
	if err != nil {
		return session{}, types.Errorf(types.NotFound, "%s: there is no program %s", what, s.Command[0]).WithHint("install it, or correct command of service %s in skillrun.yaml", name)
	}
	stderr := &tail{}
	cmd := &exec.Cmd{Path: path, Args: s.Command, Env: []string{}, Stderr: stderr, WaitDelay: grace, SysProcAttr: &syscall.SysProcAttr{Setpgid: true}}
	for _, name := range types.SortedKeys(s.Env) {
		cmd.Env = append(cmd.Env, name+"="+s.Env[name])
	}
	over, end, err := start(cmd)
	if err != nil {
		return session{}, types.Errorf(types.Unavailable, "%s: its program cannot be started: %w", what, err).WithHint("correct command of service %s in skillrun.yaml", name)
	}
	c, err := client.Connect(ctx, over, nil)
	if err != nil {
		end()
		return session{}, types.Errorf(types.Unavailable, "%s: its program does not speak MCP: %w%s", what, err, stderr.text(ctx)).
			WithHint("check command, pass_env and secret_env of service %s in skillrun.yaml", name)
	}
	return session{c, func() { _ = c.Close(); end() }}, nil
}

// start starts the program of a server, and returns what ends it, with all that it
// started in its process group. No more is read of it than an answer may have.
func start(cmd *exec.Cmd) (mcp.Transport, func(), error) {
	dir, err := os.MkdirTemp("", "skillrun-mcp-")
	if err != nil {
		return nil, nil, err
	}
	cmd.Dir = dir
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, errors.Join(err, os.Remove(dir))
	}
	end := func() {
		_ = stdin.Close()
		gone := make(chan struct{})
		go func() { _ = cmd.Wait(); close(gone) }()
		select {
		case <-gone:
		case <-time.After(grace):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-gone
		_ = os.RemoveAll(dir)
	}
	type limited struct {
		io.Reader
		io.Closer
	}
	return &mcp.IOTransport{Reader: limited{io.LimitReader(stdout, rest.MaxRead), stdout}, Writer: stdin}, end, nil
}

// refused is why a server at a url cannot be asked. Nothing was called.
func refused(what, name string, err error) error {
	if text := err.Error(); strings.Contains(text, "Unauthorized") || strings.Contains(text, "Forbidden") {
		return types.Errorf(types.Auth, "%s: it refuses the credential: %s", what, types.Clip(text)).WithHint("check token of service %s in skillrun.yaml", name)
	}
	return rest.Transport(http.MethodGet, what, err)
}

// bearer adds the token of a service to its requests.
type bearer struct {
	token types.Secret
	next  http.RoundTripper
}

// RoundTrip sends a request with the token.
func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if !b.token.IsZero() {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+b.token.Reveal())
	}
	return b.next.RoundTrip(req)
}

// tail is the end of what a program writes.
type tail struct{ last []byte }

// Write keeps the end.
func (t *tail) Write(p []byte) (int, error) {
	t.last = append(t.last, p...)
	if over := len(t.last) - 300; over > 0 {
		t.last = append([]byte{}, t.last[over:]...)
	}
	return len(p), nil
}

func (t *tail) text(ctx context.Context) string {
	if len(t.last) == 0 {
		return ""
	}
	return "; it wrote: " + step.Hide(ctx, strings.ToValidUTF8(strings.TrimSpace(string(t.last)), "\uFFFD"))
}

func (s Service) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Timeout > 0 {
		return context.WithTimeout(ctx, s.Timeout)
	}
	return context.WithTimeout(ctx, defaultTimeout)
}

// tools are the schemas of the tools of a service, by their names.
func (f family) tools(ctx context.Context, name string) (map[string]step.Schema, error) {
	s, name, err := f.connect(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.limit(ctx)
	defer cancel()
	c, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.schemas(ctx, name)
}

func (c session) schemas(ctx context.Context, name string) (map[string]step.Schema, error) {
	out := map[string]step.Schema{}
	for tool, err := range c.Tools(ctx, nil) {
		switch {
		case err != nil:
			return nil, rest.Transport(http.MethodGet, "list the tools of "+name, err)
		case len(out) == maxTools:
			return nil, types.Errorf(types.Unavailable, "service %s has more than %d tools", name, maxTools).WithHint("give the server options with which it has fewer")
		}
		out[tool.Name] = step.Schema{Input: tool.InputSchema, Output: tool.OutputSchema}
	}
	return out, nil
}

// call calls a tool whose schema is the one that the skill names. lost makes an error of
// an answer that did not come.
func (f family) call(ctx context.Context, in In, lost func(what string, err error) error) (Out, error) {
	s, name, err := f.connect(in.Service)
	if err != nil {
		return Out{}, err
	}
	ctx, cancel := s.limit(ctx)
	defer cancel()
	c, err := s.open(ctx, name)
	if err != nil {
		return Out{}, err
	}
	defer c.close()
	tools, err := c.schemas(ctx, name)
	if err == nil {
		err = fits(name, in.Tool, in.Schema, tools)
	}
	if err != nil {
		return Out{}, err
	}
	what := in.Tool + " of " + name
	got, err := c.CallTool(ctx, &mcp.CallToolParams{Name: in.Tool, Arguments: in.Arguments})
	var answer *jsonrpc.Error
	switch {
	case errors.As(err, &answer) && (answer.Code == jsonrpc.CodeInvalidParams || answer.Code == jsonrpc.CodeMethodNotFound || answer.Code == jsonrpc.CodeInvalidRequest):
		return Out{}, types.Errorf(types.BadInput, "%s refuses the call: %s", what, types.Clip(answer.Message)).WithHint("correct the arguments")
	case err != nil:
		return Out{}, lost(what, err)
	}
	return result(what, got)
}

// result is what a tool answers, or its own word that it failed.
func result(what string, got *mcp.CallToolResult) (Out, error) {
	var out Out
	var texts []string
	for _, part := range got.Content {
		if t, ok := part.(*mcp.TextContent); ok {
			texts = append(texts, strings.ToValidUTF8(t.Text, "\uFFFD"))
		} else {
			out.Other++
		}
	}
	out.Text = strings.Join(texts, "\n")
	if got.IsError {
		return Out{}, types.Errorf(ToolError, "%s failed: %s", what, types.Clip(out.Text)).WithHint("see what it says, and correct the arguments").
			With("text", strings.ToValidUTF8(out.Text[:min(len(out.Text), maxText)], ""))
	}
	if got.StructuredContent == nil {
		return out, nil
	}
	raw, err := json.Marshal(got.StructuredContent)
	if err == nil {
		var v any
		v, err = types.Read(raw)
		out.Structured = &v
	}
	if err != nil { // it is nested too deeply
		out.Structured, out.Other = nil, out.Other+1
	}
	return out, nil
}
