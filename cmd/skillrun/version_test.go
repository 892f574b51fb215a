package main

import (
	"runtime/debug"
	"testing"
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
		if got := versionOf(x.release, x.info); got != x.want {
			t.Errorf("%q and %v: %s, want %s", x.release, x.info, got, x.want)
		}
	}
}
