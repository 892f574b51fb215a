package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/mcp"
)

// TestMain is an MCP server where a test starts this program as one.
func TestMain(m *testing.M) {
	if os.Getenv("SERVE") == "" {
		os.Exit(m.Run())
	}
	if os.Getenv("SERVE") == "badly" {
		_, _ = os.Stderr.WriteString("no licence for " + os.Getenv("TOKEN") + "\n")
		os.Exit(1)
	}
	if server().Run(context.Background(), &sdk.StdioTransport{}) != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

type echoIn struct {
	Text string `json:"text"`
}

type sum struct {
	Sum int `json:"sum"`
}

// server has tools that echo, add, fail and die.
func server() *sdk.Server {
	s := sdk.NewServer(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	text := func(t string) *sdk.CallToolResult {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: t}, &sdk.TextContent{Text: os.Getenv("TOKEN")}, &sdk.ImageContent{Data: []byte("x"), MIMEType: "image/png"}}}
	}
	sdk.AddTool(s, &sdk.Tool{Name: "echo"}, func(_ context.Context, _ *sdk.CallToolRequest, in echoIn) (*sdk.CallToolResult, any, error) {
		return text("${{ " + in.Text + " }}"), nil, nil
	})
	sdk.AddTool(s, &sdk.Tool{Name: "add"}, func(_ context.Context, _ *sdk.CallToolRequest, in struct {
		A int `json:"a"`
		B int `json:"b"`
	}) (*sdk.CallToolResult, sum, error) {
		return nil, sum{in.A + in.B}, nil
	})
	sdk.AddTool(s, &sdk.Tool{Name: "fail"}, func(context.Context, *sdk.CallToolRequest, struct{}) (*sdk.CallToolResult, any, error) {
		return nil, nil, errors.New("the printer is on fire")
	})
	s.AddTool(&sdk.Tool{Name: "refuse", InputSchema: map[string]any{"type": "object"}}, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "a is no number"}
	})
	s.AddTool(&sdk.Tool{Name: "deep", InputSchema: map[string]any{"type": "object"}}, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		var v any = 1
		for range 200 {
			v = []any{v}
		}
		return &sdk.CallToolResult{Content: []sdk.Content{}, StructuredContent: v}, nil
	})
	sdk.AddTool(s, &sdk.Tool{Name: "die"}, func(context.Context, *sdk.CallToolRequest, struct{}) (*sdk.CallToolResult, any, error) {
		os.Exit(3)
		return nil, nil, nil
	})
	return s
}

// world is the steps with the server of these tests as a program and behind a url.
type world struct {
	*testing.T
	services map[string]mcp.Service
	digests  map[string]string
}

func newWorld(t *testing.T) world {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte("\x00junk"), 0o700); err != nil {
		t.Fatal(err)
	}
	over := sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server() }, nil)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sesame-open" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		over.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	w := world{t, map[string]mcp.Service{
		"mcp":     {Command: []string{self}, Env: map[string]string{"SERVE": "well", "TOKEN": "sesame-open"}},
		"url":     {URL: srv.URL, Token: types.NewSecret("sesame-open"), Transport: srv.Client().Transport},
		"refused": {URL: srv.URL, Token: types.NewSecret("another"), Transport: srv.Client().Transport},
		"badly":   {Command: []string{self}, Env: map[string]string{"SERVE": "badly", "TOKEN": "sesame-open"}},
		"gone":    {Command: []string{"/no/such/program"}},
		"junk":    {Command: []string{junk}},
		"neither": {},
	}, map[string]string{}}
	for _, f := range mcp.Examine(w.services)(t.Context(), "mcp", nil, time.Now()) {
		w.digests[strings.TrimPrefix(f.Subject, "tool ")] = f.Detail
	}
	return w
}

func (w world) do(name, service, tool string, args map[string]any) (map[string]any, *types.Error) {
	w.Helper()
	s, _ := step.NewCatalogue(mcp.Steps(w.services)).Masked(mask.New(types.NewSecret("sesame-open"))).Lookup(name)
	digest, ok := w.digests[tool]
	if !ok {
		digest = "sha256:" + strings.Repeat("0", 64)
	}
	raw, err := s.Do(w.Context(), types.Encode(map[string]any{"service": service, "tool": tool, "schema": digest, "arguments": args}))
	if err != nil {
		e := types.AsError(err)
		if !s.CanFail(e.Code) || e.Hint == "" {
			w.Errorf("%s: %s is not declared, or has no hint", e, e.Code)
		}
		return nil, e
	}
	v, err := types.Decode(raw)
	if err == nil {
		err = s.Out.Check(v)
	}
	if err != nil {
		w.Error(err)
	}
	return v.(map[string]any), nil
}

// TestTools: a tool is called, by both ways, and what it says is data without the
// credential of its server.
func TestTools(t *testing.T) {
	w := newWorld(t)
	for _, service := range []string{"mcp", "url"} {
		out, err := w.do("mcp_read", service, "echo", map[string]any{"text": "inputs.x"})
		if err != nil || !strings.HasPrefix(out["text"].(string), "${{ inputs.x }}\n") || out["other"] != 1 || strings.Contains(out["text"].(string), "sesame") {
			t.Errorf("%s: %v %v", service, out, err)
		}
		out, err = w.do("mcp_call", service, "add", map[string]any{"a": 2, "b": 3})
		if err != nil || string(types.Encode(out["structured"])) != `{"sum":5}` {
			t.Errorf("%s: %v %v", service, out, err)
		}
	}
	if out, err := w.do("mcp_read", "mcp", "deep", nil); err != nil || out["structured"] != nil || out["other"] != 1 {
		t.Errorf("%v %v", out, err)
	}
	if out, err := w.do("mcp_read", "mcp", "echo", map[string]any{"text": "x"}); err != nil || out["text"] != "${{ x }}\n‹secret›" {
		t.Errorf("%v %v", out, err)
	}
}

// TestChangedSchema: a tool whose schema is another one is not called, and doctor says
// so before.
func TestChangedSchema(t *testing.T) {
	w := newWorld(t)
	echo := w.digests["echo"]
	w.digests["echo"] = w.digests["add"]
	if _, err := w.do("mcp_call", "mcp", "echo", map[string]any{"text": "x"}); err == nil || err.Code != types.Conflict || !strings.Contains(err.Message, "the schema of tool echo of service mcp has changed: it is "+echo+" now") {
		t.Errorf("%v", err)
	}
	if _, err := w.do("mcp_call", "mcp", "none", nil); err == nil || err.Code != types.NotFound || !strings.Contains(err.Error(), "service mcp has no tool none") {
		t.Errorf("%v", err)
	}
	use := step.Use{Node: "a", Step: "mcp_call", Args: types.Values{"tool": "echo", "schema": w.digests["add"]}}
	found := mcp.Examine(w.services)(t.Context(), "mcp", []step.Use{use}, time.Now())
	if last := found[len(found)-1]; last.Err == nil || last.Err.Code != types.Conflict || last.Subject != "step a" {
		t.Errorf("%+v", found)
	}
}

// TestFailures: what surely did not happen is told apart from what may have.
func TestFailures(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		step, service, tool string
		code                types.Code
		says                string
	}{
		{"mcp_call", "mcp", "fail", mcp.ToolError, "fail of mcp failed: the printer is on fire"},
		{"mcp_call", "mcp", "die", types.UnknownOutcome, "die of mcp: the call was sent and the answer was lost"},
		{"mcp_read", "mcp", "die", types.Network, "die of mcp: the connection broke"},
		{"mcp_call", "refused", "echo", types.Auth, "connect to refused: it refuses the credential"},
		{"mcp_call", "badly", "echo", types.Unavailable, "its program does not speak MCP: "},
		{"mcp_call", "badly", "echo", types.Unavailable, "it wrote: no licence for ‹secret›"},
		{"mcp_call", "gone", "echo", types.NotFound, "connect to gone: there is no program /no/such/program"},
		{"mcp_call", "mcp", "refuse", types.BadInput, "refuse of mcp refuses the call: a is no number"},
		{"mcp_call", "junk", "echo", types.Unavailable, "connect to junk: its program cannot be started: "},
		{"mcp_call", "neither", "echo", types.BadInput, "service neither has neither a command nor a url, or both"},
	} {
		if _, err := w.do(tt.step, tt.service, tt.tool, map[string]any{}); err == nil || err.Code != tt.code || !strings.Contains(err.Message, tt.says) {
			t.Errorf("%s %s of %s: %v", tt.step, tt.tool, tt.service, err)
		}
	}
	if _, err := w.do("mcp_call", "mcp", "echo", map[string]any{"wrong": 1}); err == nil || err.Code != types.BadInput && err.Code != mcp.ToolError {
		t.Errorf("%v", err)
	}
}

// TestUndecided: of a call whose answer was lost no one can tell, and nothing speaks
// against the first.
func TestUndecided(t *testing.T) {
	w := newWorld(t)
	s, _ := step.NewCatalogue(mcp.Steps(w.services)).Lookup("mcp_call")
	in := json.RawMessage(`{"tool": "echo", "schema": "` + w.digests["echo"] + `", "arguments": {"text": "x"}}`)
	for after, want := range map[bool]step.FoundState{false: step.StateAbsent, true: step.StateInconclusive} {
		f, err := s.Find(step.WithCall(t.Context(), step.Call{AfterUnknown: after}), step.Key{Work: "w", Path: "p"}, in)
		if err != nil || f.State != want {
			t.Errorf("%+v %v", f, err)
		}
	}
	p, err := s.Preview(t.Context(), in, nil)
	if err != nil || p.Change.Title != "call echo of mcp" || p.Change.Fields[0].Value != `{"text":"x"}` {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := s.Do(t.Context(), json.RawMessage(`{"tool": "echo", "schema": "md5:x"}`)); err == nil || !strings.Contains(err.Error(), `"md5:x" is not the digest of a schema`) {
		t.Error(err)
	}
}
