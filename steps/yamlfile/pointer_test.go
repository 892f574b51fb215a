package yamlfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestPointerOfGitLFS is told from YAML that holds nothing of what is looked
// for, wherever it is read or edited, and stays as it is.
func TestPointerOfGitLFS(t *testing.T) {
	t.Parallel()
	const oid = "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	for _, pointer := range []string{
		"version https://git-lfs.github.com/spec/v1\n" + oid,
		"version https://git-lfs.github.com/spec/v1\r\n" + strings.ReplaceAll(oid, "\n", "\r\n"),
		"version https://hawser.github.com/spec/v1\n" + oid,
		"version https://git-lfs.github.com/spec/v1\next-0-foo sha256:" + strings.Repeat("0", 64) + "\n" + oid,
	} {
		base := workspace(t, map[string]string{"deploy.yml": pointer})
		const want = "this is a Git LFS pointer, not YAML: the file's content is stored elsewhere, and skillrun does not fetch it"
		_, err := run(t, base, "yaml_get", map[string]any{"text": pointer, "jsonpath": "$.ref"})
		wantError(t, err, types.BadInput, want)
		_, err = run(t, base, "yaml_get", map[string]any{"workspace": "ws", "file": "deploy.yml", "jsonpath": "$.ref"})
		wantError(t, err, types.BadInput, want)
		_, err = run(t, base, "yaml_set", map[string]any{"workspace": "ws", "file": "deploy.yml", "jsonpath": "$.ref", "value": "x"})
		wantError(t, err, types.BadInput, want)
		if now, _ := os.ReadFile(filepath.Join(base, "ws", "files", "deploy.yml")); string(now) != pointer {
			t.Errorf("it was changed: %s", now)
		}
	}
	for _, text := range []string{"version: https://git-lfs.github.com/spec/v1\noid: x\nref: a\n", "version https://git-lfs.github.com/spec/v1\n"} {
		out, err := run(t, "", "yaml_get", map[string]any{"text": text, "jsonpath": "$"})
		if err != nil || out["count"] != 1 {
			t.Errorf("%q is YAML: %v %v", text, out, err)
		}
	}
}
