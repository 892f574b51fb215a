package execute

import "golang.org/x/sys/unix"

// legacy are the calls for attributes of files that later architectures do without,
// and those that are not missed: times in older forms.
func legacy() (calls map[uint32]attributeCall, missing []uint32) {
	return map[uint32]attributeCall{
		unix.SYS_CHMOD:  {-1, 0, -1, 1, false, setMode},
		unix.SYS_CHOWN:  {-1, 0, -1, 1, false, setOwner},
		unix.SYS_LCHOWN: {-1, 0, -1, 1, true, setOwner},
	}, []uint32{unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT}
}
