package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
)

// TestVersionOfATaggedBuild: what the toolchain recorded of a tag, or what the
// build was given, is the version; a build of neither names its commit.
func TestVersionOfATaggedBuild(t *testing.T) {
	t.Parallel()
	of := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "2a457cd184bb"}
	for _, x := range []struct {
		release string
		info    *debug.BuildInfo
		want    string
	}{
		{"", nil, "(devel)"},
		{"", of("(devel)"), "(devel)"},
		{"", of("v1.2.3"), "v1.2.3"},
		{"", of("v1.2.3+dirty", revision), "v1.2.3+dirty"},
		{"v1.2.3", nil, "v1.2.3"},
		{"v1.2.3", of("(devel)"), "v1.2.3"},
		{"", of("(devel)", revision), "(devel) 2a457cd184bb"},
		{"", of("", revision, debug.BuildSetting{Key: "vcs.modified", Value: "true"}), "(devel) 2a457cd184bb+dirty"},
	} {
		if got := buildOf(x.release, x.info).Version; got != x.want {
			t.Errorf("%q and %v: %s, want %s", x.release, x.info, got, x.want)
		}
	}
}

// TestBuild: what went into a program is said member by member, whatever its version
// is called.
func TestBuild(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "2a457cd184bb"}, {Key: "vcs.modified", Value: "true"}}}
	want := cli.Build{Version: "v1.2.3", Commit: "2a457cd184bb", Dirty: true, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if got := buildOf("v1.2.3", info); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	b := newBench(t)
	for _, args := range [][]string{{"version", "--json"}, {"version", "--output", "json"}, {"version", "--output=json", "--json"}} {
		var got cli.Build
		if r := b.run(args...); json.Unmarshal([]byte(r.out), &got) != nil || got.Version != "test" || r.code != 0 {
			t.Errorf("%v: exit %d, %s%s", args, r.code, r.out, r.log)
		}
	}
}
