package main

import (
	"context"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// toolServer is an MCP server for scripts, over its own stdin: it has the tool greet,
// which may be told a language only by the argument of that name.
func toolServer() {
	language := map[string]any{"type": "string", "enum": []string{"de", "en"}}
	input := map[string]any{
		"type": "object", "additionalProperties": false, "required": []string{"name", "times"},
		"properties": map[string]any{"name": map[string]any{"type": "string", "description": "Who is greeted."}, "times": map[string]any{"type": "integer", "maximum": 3}, "language": language},
	}
	if len(os.Args) > 1 && os.Args[1] == "later" {
		input["required"] = []string{"name"}
	}
	s := mcp.NewServer(&mcp.Implementation{Name: "greeter", Version: "1"}, nil)
	s.AddTool(&mcp.Tool{Name: "greet", InputSchema: input}, func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "hello"}}}, nil
	})
	if s.Run(context.Background(), &mcp.StdioTransport{}) != nil {
		os.Exit(1)
	}
}
