package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestHouseRules checks every file that is no test against the house's targets:
// files of at most 400 lines, functions of at most 100, with a median body of
// at most 10, every package and exported name documented, no init, no util.
func TestHouseRules(t *testing.T) {
	var lengths []int
	for dir, files := range packages(t, "..") {
		documented := false
		for _, file := range files {
			name := filepath.Join("..", dir, file)
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil
			if n := fset.File(f.Pos()).LineCount(); n > 400 {
				t.Errorf("%s has %d lines: it is two rooms", name, n)
			}
			if slices.Contains([]string{"util", "utils", "common", "helpers"}, f.Name.Name) {
				t.Errorf("%s: a package named %s says nothing", name, f.Name.Name)
			}
			for _, d := range f.Decls {
				lengths = append(lengths, rules(t, fset, d)...)
			}
		}
		if !documented {
			t.Errorf("package %s has no comment", dir)
		}
	}
	slices.Sort(lengths)
	if median := lengths[len(lengths)/2]; median > 10 {
		t.Errorf("the median function's body has %d lines", median)
	}
}

// rules checks one declaration against the rules, and returns the length of a
// function's body in lines.
func rules(t *testing.T, fset *token.FileSet, d ast.Decl) []int {
	at := fset.Position(d.Pos())
	switch d := d.(type) {
	case *ast.FuncDecl:
		lines := fset.Position(d.End()).Line - at.Line + 1
		if lines > 100 {
			t.Errorf("%s: %s has %d lines", at, d.Name.Name, lines)
		}
		if d.Name.Name == "init" {
			t.Errorf("%s: init", at)
		}
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			t.Errorf("%s: %s is not documented", at, d.Name.Name)
		}
		return []int{max(1, lines-2)}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if name, doc := exportedSpec(s); name != "" && d.Doc == nil && !doc {
				t.Errorf("%s: %s is not documented", fset.Position(s.Pos()), name)
			}
		}
	}
	return nil
}

// exportedReceiver reports whether a function is seen outside its package: one
// without a receiver, or a method of an exported type. Methods in a row that
// are documented as one group count by the first.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if s, ok := typ.(*ast.StarExpr); ok {
		typ = s.X
	}
	if i, ok := typ.(*ast.IndexExpr); ok {
		typ = i.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func exportedSpec(s ast.Spec) (name string, documented bool) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() {
			return s.Name.Name, s.Doc != nil
		}
	case *ast.ValueSpec:
		if s.Names[0].IsExported() && !strings.HasPrefix(s.Names[0].Name, "_") {
			return s.Names[0].Name, s.Doc != nil || s.Comment != nil
		}
	}
	return "", false
}
