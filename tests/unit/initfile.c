/* T-ELF-2: which files may become PID 1. */
#include "initfile.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* A program in its smallest form: header, three segments, a dynamic section of three entries. */
struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	Elf64_Dyn dynamic[3];
};

static struct program program_make(void)
{
	struct program program = {
		.header =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					    ELFDATA2LSB},
				.e_type = ET_EXEC,
				.e_machine = EM_X86_64,
				.e_phoff = offsetof(struct program, segments),
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phnum = 3,
			},
		.segments =
			{
				{.p_type = PT_LOAD, .p_filesz = sizeof(program)},
				{.p_type = PT_GNU_STACK},
				{.p_type = PT_DYNAMIC,
				 .p_offset = offsetof(struct program, dynamic),
				 .p_filesz = sizeof(program.dynamic)},
			},
		.dynamic = {{.d_tag = DT_DEBUG}, {.d_tag = DT_FLAGS}, {.d_tag = DT_NULL}},
	};

	return program;
}

static bool is_static(const struct program *program)
{
	return elf_is_static(guarded(program, sizeof(*program)), sizeof(*program));
}

/* The first bytes of a file, and how many it has. */
static const char *file_read(const char *path, size_t *size)
{
	static char image[GUARDED_MAX];
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;
	*size = fread(image, 1, sizeof(image), file);
	fclose(file);
	return image;
}

static void the_ctr_init_that_was_built_is_static(void **state)
{
	const char *path = getenv("CTR_INIT");
	const char *image;
	size_t size;

	(void)state;
	assert_non_null(path); /* the build says where it is: see meson.build */
	image = file_read(path, &size);
	assert_non_null(image);
	assert_true(elf_is_static(guarded(image, size), size));
	/* Headers and whatever they point to: no cut is read beyond. */
	for (size_t cut = 0; cut < size; cut += cut < 2048 ? 1 : 509)
		(void)!elf_is_static(guarded(image, cut), cut);
	assert_false(elf_is_static(guarded(image, 100), 100));
}

static void a_program_that_needs_a_loader_is_not(void **state)
{
	struct program program = program_make();
	const char *image;
	size_t size;

	(void)state;
	image = file_read("/proc/self/exe", &size);
	assert_non_null(image);
	assert_false(elf_is_static(image, size));
	image = file_read("/bin/ls", &size);
	if (image)
		assert_false(elf_is_static(image, size));
	program.segments[1].p_type = PT_INTERP;
	assert_false(is_static(&program));
}

static void a_program_that_needs_a_library_is_not(void **state)
{
	struct program program = program_make();

	(void)state;
	program.dynamic[1].d_tag = DT_NEEDED;
	assert_false(is_static(&program));
	program.dynamic[1].d_tag = DT_NULL;
	program.dynamic[2].d_tag = DT_NEEDED; /* behind the end */
	assert_true(is_static(&program));
}

static void a_position_independent_program_without_either_is(void **state)
{
	struct program program = program_make();

	(void)state;
	assert_true(is_static(&program));
	program.header.e_type = ET_DYN;
	assert_true(is_static(&program));
	program.header.e_phnum = 2;
	assert_true(is_static(&program));
}

static void what_is_no_64_bit_program_is_not(void **state)
{
	struct program program = program_make();

	(void)state;
	program.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_false(is_static(&program));
	program = program_make();
	program.header.e_type = ET_REL;
	assert_false(is_static(&program));
	program = program_make();
	program.header.e_phentsize = sizeof(Elf32_Phdr);
	assert_false(is_static(&program));
	program = program_make();
	program.header.e_ident[0] = '#';
	assert_false(is_static(&program));
	assert_false(elf_is_static(guarded("", 0), 0));
	assert_false(elf_is_static(guarded("#!/bin/sh\n", 10), 10));
}

static void no_header_leads_beyond_the_file(void **state)
{
	static const uint64_t far[] = {sizeof(struct program) - 1,
				       sizeof(struct program),
				       sizeof(struct program) + 1,
				       UINT64_MAX,
				       UINT64_MAX - 55,
				       UINT64_C(1) << 63};

	(void)state;
	for (size_t i = 0; i < COUNT(far); i++) {
		struct program program = program_make();

		program.header.e_phoff = far[i];
		assert_false(is_static(&program));
		program = program_make();
		program.segments[2].p_offset = far[i];
		assert_false(is_static(&program));
		program = program_make();
		program.segments[2].p_filesz = far[i];
		assert_false(is_static(&program));
		program = program_make();
		program.header.e_phnum = (Elf64_Half)(far[i] | 0x8000);
		assert_false(is_static(&program));
	}
}

static void no_truncation_is_taken_for_a_program(void **state)
{
	struct program program = program_make();

	(void)state;
	for (size_t size = 0; size < sizeof(program); size++)
		assert_false(elf_is_static(guarded(&program, size), size));
}

static void no_single_wrong_byte_is_read_beyond_the_end(void **state)
{
	struct program program = program_make();

	(void)state;
	for (size_t i = 0; i < sizeof(program); i++) {
		for (unsigned c = 0; c < 256; c++) {
			char *image = guarded(&program, sizeof(program));

			image[i] = (char)c;
			(void)!elf_is_static(image, sizeof(program));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_ctr_init_that_was_built_is_static),
		TEST(a_program_that_needs_a_loader_is_not),
		TEST(a_program_that_needs_a_library_is_not),
		TEST(a_position_independent_program_without_either_is),
		TEST(what_is_no_64_bit_program_is_not),
		TEST(no_header_leads_beyond_the_file),
		TEST(no_truncation_is_taken_for_a_program),
		TEST(no_single_wrong_byte_is_read_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
