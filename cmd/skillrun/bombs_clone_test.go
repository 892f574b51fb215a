package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// cloneBombs are of a clone that someone else made.
func cloneBombs() []bomb {
	clone := func(name, says string, spoil func(git string) error) bomb {
		return bomb{name: name, args: "run ./skill.yaml --config conf.yaml", says: says,
			conf: "services: {git: {url: \"https://127.0.0.1:1\"}}\n",
			file: skillOf("steps:\n  - {id: a, uses: git_read_file, with: {repo: ./clone, path: f}}\n"),
			make: func(dir string) error {
				git := filepath.Join(dir, "clone", ".git")
				return errors.Join(os.MkdirAll(filepath.Join(git, "objects", "info"), 0o700), os.MkdirAll(filepath.Join(git, "refs"), 0o700),
					os.WriteFile(filepath.Join(git, "HEAD"), []byte("ref: refs/heads/main\n"), 0o600),
					os.WriteFile(filepath.Join(git, "config"), []byte("[core]\n\tbare = true\n"), 0o600), spoil(git))
			}}
	}
	instead := func(name string, make func(path string) error) func(string) error {
		return func(git string) error {
			path := filepath.Join(git, name)
			return errors.Join(os.RemoveAll(path), make(path))
		}
	}
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	zero := func(path string) error { return os.Symlink("/dev/zero", path) }
	sparse := func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) }
	return []bomb{
		clone("a clone that is a pipe", "not a regular file", instead("", pipe)),
		clone("a clone that is a device", "not a regular file", instead("", zero)),
		clone("a clone whose configuration is a pipe", "not a regular file", instead("config", pipe)),
		clone("a clone whose configuration is a device", "not a regular file", instead("config", zero)),
		clone("a clone whose configuration is too large", "larger than", instead("config", sparse)),
		clone("a clone whose HEAD is a pipe", "not a regular file", instead("HEAD", pipe)),
		clone("a clone whose HEAD is too large", "larger than", instead("HEAD", sparse)),
		clone("a clone whose references are a pipe", "not a regular file", instead("packed-refs", pipe)),
		clone("a clone whose references are a device", "boundary crossed", instead("packed-refs", zero)),
		clone("a clone that borrows from a pipe", "error", instead("objects/info/alternates", pipe)),
	}
}
