package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// mode is what a world is like. Its folder keeps it, so that whoever opens it
// later, to resume a run for example, finds the same world.
type mode struct {
	TLS        bool          `json:"tls"`
	Deployment string        `json:"deployment"`
	Registry   string        `json:"registry"`
	Host       string        `json:"host,omitempty"`
	Delay      time.Duration `json:"delay,omitempty"`
	Skew       time.Duration `json:"skew,omitempty"`
}

// The kinds of service that a world can have two of.
const (
	cloud, datacenter = "cloud", "datacenter"
	quay, oci         = "quay", "oci"
)

// settle reads the mode that the folder keeps, lays the options over it, and
// keeps the result.
func settle(o Options) (mode, error) {
	m := mode{Deployment: cloud, Registry: quay}
	const file = "mode.json"
	data, err := o.read(file)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	m.TLS = m.TLS || o.TLS
	m.Deployment, m.Registry, m.Host = cmp.Or(o.Deployment, m.Deployment), cmp.Or(o.Registry, m.Registry), cmp.Or(o.Host, m.Host)
	m.Delay, m.Skew = cmp.Or(o.Delay, m.Delay), cmp.Or(o.Skew, m.Skew)
	if err := m.check(); err != nil {
		return m, err
	}
	if data, err = json.Marshal(m); err != nil {
		return m, err
	}
	return m, o.write(file, data)
}

func (m mode) check() error {
	switch {
	case m.Deployment != cloud && m.Deployment != datacenter:
		return fmt.Errorf("the sandbox has no Jira %q; use cloud or datacenter", m.Deployment)
	case m.Registry != quay && m.Registry != oci:
		return fmt.Errorf("the sandbox has no registry %q; use quay or oci", m.Registry)
	case m.Delay < 0:
		return fmt.Errorf("the sandbox cannot answer %s early; use a delay above zero", -m.Delay)
	case m.Host != "" && !m.TLS:
		return errors.New("the sandbox goes by another name only over https; ask for that too")
	}
	return nil
}

// maxKept is how large a file of the world's folder may be, in bytes.
const maxKept = 64 << 20

// read reads a file of the world's folder. Only a regular file is one: a pipe
// would be waited for, and a device may have no end.
func (o Options) read(name string) ([]byte, error) {
	f, err := os.OpenFile(filepath.Join(o.Dir, name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: f.Name(), Err: errors.New("not a regular file")}
	case info.Size() > maxKept:
		return nil, &fs.PathError{Op: "read", Path: f.Name(), Err: fmt.Errorf("larger than %d MiB", maxKept>>20)}
	}
	return io.ReadAll(io.LimitReader(f, maxKept))
}

// write writes a private file of the world's folder by rename, so that a kill
// leaves the old one or the new one.
func (o Options) write(name string, data []byte) error {
	disk := o.disk()
	tmp, err := disk.TempFile(filepath.Dir(name), ".new-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = disk.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = disk.Remove(tmp.Name()) // what went wrong is said by err
	}
	return err
}
