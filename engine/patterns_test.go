package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestPatterns compiles the regular expressions that the program is written with, as
// they are compiled at their first use, and refuses those that are compiled because a
// process starts: all of them together were a third of the time that this takes.
func TestPatterns(t *testing.T) {
	found := 0
	for dir, files := range packages(t, "..") {
		for _, file := range files {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join("..", dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 1 || !makesPattern(call.Fun) {
					return true
				}
				if text, ok := constant(call.Args[0]); ok {
					found++
					if _, err := regexp.Compile(text); err != nil {
						t.Errorf("%s: %v", fset.Position(call.Pos()), err)
					}
				}
				return true
			})
			for _, d := range f.Decls {
				for _, at := range compiledAtStart(d) {
					t.Errorf("%s: a process compiles this when it starts: use types.Pattern, or sync.OnceValue", fset.Position(at))
				}
			}
		}
	}
	if found < 80 {
		t.Errorf("there are %d patterns: the test does not see them any more", found)
	}
}

// makesPattern reports whether a function makes a pattern of its one argument.
func makesPattern(f ast.Expr) bool {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name == "Pattern"
	case *ast.SelectorExpr:
		from, ok := f.X.(*ast.Ident)
		return ok && (from.Name == "types" && f.Sel.Name == "Pattern" || from.Name == "regexp" && f.Sel.Name == "MustCompile")
	}
	return false
}

// constant is the text of literals, put together.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := constant(e.X)
		right, too := constant(e.Y)
		return left + right, ok && too
	}
	return "", false
}

// compiledAtStart finds where a declaration compiles a pattern outside any function.
func compiledAtStart(d ast.Decl) []token.Pos {
	var out []token.Pos
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			return false
		case *ast.SelectorExpr:
			if from, ok := n.X.(*ast.Ident); ok && from.Name == "regexp" && n.Sel.Name == "MustCompile" {
				out = append(out, n.Pos())
			}
		}
		return true
	})
	return out
}
