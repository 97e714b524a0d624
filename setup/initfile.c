#include "initfile.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "sys.h"

static bool dynamic_needs_nothing(const char *image, const Elf64_Phdr *segment)
{
	for (size_t i = 0; i < segment->p_filesz / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn entry;

		memcpy(&entry, image + segment->p_offset + i * sizeof(entry), sizeof(entry));
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_NEEDED)
			return false;
	}
	return true;
}

bool elf_is_static(const void *image, size_t size)
{
	Elf64_Ehdr header;

	if (size < sizeof(header))
		return false;
	memcpy(&header, image, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    (header.e_type != ET_EXEC && header.e_type != ET_DYN) ||
	    header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > size ||
	    header.e_phnum > (size - header.e_phoff) / sizeof(Elf64_Phdr))
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		memcpy(&segment, (const char *)image + header.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (segment.p_type == PT_INTERP || segment.p_offset > size ||
		    segment.p_filesz > size - segment.p_offset)
			return false;
		if (segment.p_type == PT_DYNAMIC && !dynamic_needs_nothing(image, &segment))
			return false;
	}
	return true;
}

/* Beside ctr-setup first: a build tree works as it stands. */
int program_open(const char *name, const char *installed, char *path, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", path, size - 1);
	char *slash;
	int fd = -1;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		snprintf(slash, size - (size_t)(slash - path), "/%s", name);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd < 0) {
		snprintf(path, size, "%s", installed);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	return fd;
}

int initfile_open(void)
{
	char path[PATH_MAX];
	AUTO_CLOSE int fd = program_open("ctr-init", CTR_INIT_PATH, path, sizeof(path));
	struct stat stat_buffer;
	void *image;
	int rc;

	if (fd < 0)
		return fail(errno,
			    "cannot open ctr-init, neither beside ctr-setup nor as %s: it is "
			    "installed with ctr-setup",
			    CTR_INIT_PATH);
	if (fstat(fd, &stat_buffer) < 0 || !S_ISREG(stat_buffer.st_mode) || !stat_buffer.st_size)
		return fail(EINVAL, "cannot use %s: it is no program", path);
	image = mmap(NULL, (size_t)stat_buffer.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED)
		return fail(errno, "cannot read %s", path);
	if (elf_is_static(image, (size_t)stat_buffer.st_size)) {
		rc = sys_sealed_file("ctr-init", image, (size_t)stat_buffer.st_size);
		if (rc < 0)
			fail(-rc, "cannot copy %s into memory", path);
	} else {
		rc = fail(ENOEXEC,
			  "cannot use %s: it must be a static 64-bit program, as its loader would "
			  "come from the container's root",
			  path);
	}
	munmap(image, (size_t)stat_buffer.st_size);
	return rc;
}
