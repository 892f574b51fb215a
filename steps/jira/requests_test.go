package jira_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// routes are the operations that each function of the package that sends
// requests uses; TestTheContractKnowsEveryRequest checks it against the source.
func routes(searchPath string) map[string]string {
	return map[string]string{
		"createIssue": "POST issue", "issue": "GET issue/{}", "page": searchPath,
		"link": "GET issue/{}/remotelink", "links": "GET issue/{}/remotelink", "putLink": "POST issue/{}/remotelink",
		"postComment": "POST issue/{}/comment", "comment": "GET issue/{}/comment/{}", "commentMarker": "GET comment/{}/properties/{}", "commentSearch.page": "GET issue/{}/comment",
		"transitions": "GET issue/{}/transitions", "transit": "POST issue/{}/transitions",
		"deployment": "GET serverInfo", "me": "GET myself", "project": "GET project/{}", "deleted": "GET project/{}", "permissions": "GET mypermissions",
		"uncommenting": "DELETE issue/{}/comment/{}", "unlinking": "DELETE issue/{}/remotelink",
		"closing":     "PUT issue/{}/properties/{}",
		"createTypes": "GET issue/createmeta/{}/issuetypes", "createFields": "GET issue/createmeta/{}/issuetypes/{}",
	}
}

// TestTheContractKnowsEveryRequest reads the source for the functions that send
// requests: one that is new needs a line in routes, and so a part in the
// contract tests.
func TestTheContractKnowsEveryRequest(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && sends(fn) {
				found[called(fn)] = true
			}
		}
	}
	for _, plumbing := range []string{"get", "post", "all"} {
		if !found[plumbing] {
			t.Errorf("%s sends no requests any more: the search of the source is wrong", plumbing)
		}
		delete(found, plumbing)
	}
	want := slices.Sorted(maps.Keys(routes("")))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(found))); diff != "" {
		t.Error(diff)
	}
}

// called is a function's name, with the receiver of the one that shares its
// name with another.
func called(fn *ast.FuncDecl) string {
	if fn.Name.Name == "page" && fn.Recv != nil {
		if star, ok := fn.Recv.List[0].Type.(*ast.StarExpr); ok {
			if id, ok := star.X.(*ast.Ident); ok && id.Name != "client" {
				return id.Name + "." + fn.Name.Name
			}
		}
	}
	return fn.Name.Name
}

// sends reports whether a function calls one that sends requests, with a
// context and a path.
func sends(fn *ast.FuncDecl) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 4 {
			return true
		}
		switch f := call.Fun.(type) {
		case *ast.SelectorExpr:
			found = found || slices.Contains([]string{"do", "get", "post"}, f.Sel.Name)
		case *ast.IndexExpr:
			id, ok := f.X.(*ast.Ident)
			found = found || ok && id.Name == "all"
		}
		return true
	})
	return found
}
