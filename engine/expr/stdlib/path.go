package stdlib

import (
	slashpath "path"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// pathFunctions are the functions of paths with slashes, which look at no file.
func pathFunctions() []Function {
	return []Function{
		Function{Name: "path_base", Signature: "path_base(path: string) string", Doc: "The last part of the path.",
			Example: `path_base("data/prod/deploy.yml")`, Want: `"deploy.yml"`, Run: onText(slashpath.Base), Cost: 2}.plain(text, text),
		Function{Name: "path_dir", Signature: "path_dir(path: string) string", Doc: "The path without its last part; . when there is nothing else.",
			Example: `path_dir("data/prod/deploy.yml")`, Want: `"data/prod"`, Run: onText(slashpath.Dir), Cost: 2}.plain(text, text),
		Function{Name: "path_ext", Signature: "path_ext(path: string) string", Doc: "The extension of the path's last part, with its point; empty when there is none.",
			Example: `path_ext("data/prod/deploy.yml")`, Want: `".yml"`, Run: onText(slashpath.Ext), Cost: 2}.plain(text, text),
		Function{Name: "path_clean", Signature: "path_clean(path: string) string", Doc: "The shortest form of the path, without . and doubled slashes, and .. only at the beginning.",
			Example: `path_clean("data//prod/../stage/./a")`, Want: `"data/stage/a"`, Run: onText(slashpath.Clean), Cost: 2}.plain(text, text),
		Function{Name: "path_join", Signature: "path_join(path: string, part: string, …) string", Doc: "The parts joined and cleaned. It fails when a part leads out of the first one.",
			Example: `path_join("data", "prod/", "deploy.yml")`, Want: `"data/prod/deploy.yml"`, Run: runPathJoin, Cost: 4}.plain(text, text, text).unbounded(),
	}
}

func runPathJoin(_ *Caller, args []any) (any, error) {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.(string)
	}
	inside := slashpath.Clean("/" + strings.Join(parts[1:], "/"))
	if plain := slashpath.Join(parts[1:]...); plain == ".." || strings.HasPrefix(plain, "../") {
		return nil, badArgument("%q leads out of %q", types.Clip(plain), types.Clip(parts[0]))
	}
	return slashpath.Join(parts[0], inside[1:]), nil
}
