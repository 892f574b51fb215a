package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBill: every module that is in a program is in its bill, the standard library
// and what takes the place of another too, with the sum that go.sum has.
func TestBill(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "example.com/app", Version: "v1.2.3+dirty"},
		Deps: []*debug.Module{
			{Path: "example.com/lib", Version: "v0.1.0", Sum: "h1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
			{Path: "example.com/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/new", Version: "v2.0.0"}},
		},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "2a457cd1"}},
	}
	b := billOf(info, "app-linux-amd64", [32]byte{1, 2, 3})
	want := []component{
		{Ref: "pkg:golang/std@1.26.8", Type: "library", Name: "std", Version: "1.26.8", PURL: "pkg:golang/std@1.26.8"},
		{
			Ref: "pkg:golang/example.com/lib@v0.1.0", Type: "library", Name: "example.com/lib", Version: "v0.1.0", PURL: "pkg:golang/example.com/lib@v0.1.0",
			Hashes: []hash{{"SHA-256", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}},
		},
		{Ref: "pkg:golang/example.com/new@v2.0.0", Type: "library", Name: "example.com/new", Version: "v2.0.0", PURL: "pkg:golang/example.com/new@v2.0.0"},
	}
	if diff := cmp.Diff(want, b.Components); diff != "" {
		t.Error(diff)
	}
	if c := b.Meta.Component; c.PURL != "pkg:golang/example.com/app@v1.2.3%2Bdirty" || c.Hashes[0].Content[:6] != "010203" || !slices.Contains(c.Properties, property{"go:build:vcs.revision", "2a457cd1"}) {
		t.Errorf("the program: %+v", c)
	}
	if len(b.Dependencies) != 1 || len(b.Dependencies[0].On) != len(want) {
		t.Errorf("dependencies: %+v", b.Dependencies)
	}
	if !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(b.Serial) {
		t.Errorf("serial number %s", b.Serial)
	}
}

// TestBillOfThisTest reads the bill of a real program, which is this test.
func TestBillOfThisTest(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := write(program, &text); err != nil {
		t.Fatal(err)
	}
	var b bill
	if err := json.Unmarshal(text.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	info, _ := debug.ReadBuildInfo()
	if len(b.Components) != len(info.Deps)+1 || b.Meta.Component.Name != info.Main.Path {
		t.Errorf("%d components of %s", len(b.Components), b.Meta.Component.Name)
	}
}
