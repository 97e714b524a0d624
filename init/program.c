#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

enum { HEAD = 2048, DEPTH = 5 /* of interpreters, as the kernel has it */ };

/* e_machine, and its name; all that matter are below 256. */
static const char machines[] UNALIGNED =
#ifndef __x86_64__
	"\x3ex86_64\0"
#endif
#ifndef __aarch64__
	"\xb7"
	"aarch64\0"
#endif
#ifndef __riscv
	"\xf3riscv\0"
#endif
	"\x03x86\0\x28"
	"arm\0\x16s390x\0\x15"
	"ppc64\0";

static bool is_elf(const char *head, size_t size)
{
	return size >= sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0;
}

/* Of either class, and nothing in head is aligned. */
struct file_head {
	union {
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	};
} __attribute__((packed, may_alias));

struct file_part {
	union {
		Elf32_Phdr narrow; /* its type is first in both */
		Elf64_Phdr wide;
	};
} __attribute__((packed, may_alias));

static char *loader_find(char *head, size_t size)
{
	const struct file_head *file = (const void *)head;
	bool is_wide = head[EI_CLASS] == ELFCLASS64;
	size_t entry = is_wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint64_t at = is_wide ? file->wide.e_phoff : file->narrow.e_phoff, text;

	for (unsigned left = is_wide ? file->wide.e_phnum : file->narrow.e_phnum;
	     left > 0 && at <= size - entry; left--, at += entry) {
		const struct file_part *part = (const void *)(head + at);

		if (part->narrow.p_type != PT_INTERP)
			continue;
		text = is_wide ? part->wide.p_offset : part->narrow.p_offset;
		return text < size ? head + text : NULL;
	}
	return NULL;
}

char *program_needs(char *head, size_t size)
{
	head[size] = '\0';
	if (is_elf(head, size))
		return loader_find(head, size);
	if (size < 2 || head[0] != '#' || head[1] != '!')
		return NULL;
	head += 2;
	while (*head == ' ' || *head == '\t')
		head++;
	head[strcspn(head, " \t\n")] = '\0';
	return head;
}

const char *program_machine(const char *head, size_t size)
{
	if (!is_elf(head, size))
		return NULL;
	/* the lower byte of two */
	head += head[EI_DATA] == ELFDATA2MSB ? 19 : 18;
	for (const char *text = machines; *text; text += strlen(text) + 1)
		if (*text == *head)
			return text + 1;
	return NULL;
}

void why_write(char *why, size_t size, const char *begin, const char *name, const char *end)
{
	text_append(why, size, begin);
	text_append(why, size, name);
	text_append(why, size, end);
}

static long head_read(const char *path, char *head)
{
	/* by now it may be a FIFO, or a terminal */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	long length;

	if (fd < 0)
		return -1;
	length = read(fd, head, HEAD);
	close(fd);
	return length;
}

void program_look(const char *path, int error, char *why, size_t size)
{
	char heads[2][HEAD + 1];

	for (int depth = 0; depth < DEPTH; depth++) {
		char *head = heads[depth % 2]; /* the other one has path */
		long length = head_read(path, head);
		const char *machine;

		if (length < 0) {
			if (depth > 0 && error == ENOENT && errno == ENOENT)
				why_write(why, size, " (it needs ", path, ", which is not there)");
			return;
		}
		machine = program_machine(head, (size_t)length);
		if (error == ENOEXEC && machine) {
			why_write(why, size, " (a program for ", machine, ")");
			return;
		}
		path = program_needs(head, (size_t)length);
		if (!path)
			break;
	}
	if (error == ENOEXEC)
		text_append(why, size, " (a script begins with #!, a program is for this machine)");
}
