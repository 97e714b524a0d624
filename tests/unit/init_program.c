/* What ctr-init reads of a program that cannot be executed, from bytes that are anybody's. */
#include "../../init/program.h"

#include <elf.h>
#include <string.h>

#include "support.h"

static void a_script_needs_its_interpreter(void **state)
{
	static const struct {
		const char *text, *needs;
	} table[] = {
		{"#!/bin/sh\n", "/bin/sh"},
		{"#! \t/bin/sh -e\necho\n", "/bin/sh"},
		{"#!/bin/sh\r\n", "/bin/sh\r"},
		{"#!/bin/sh", "/bin/sh"},
		{"#!", ""},
		{"#", NULL},
		{"", NULL},
		{"text\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t size = strlen(table[i].text);
		const char *needs = program_needs(guarded(table[i].text, size + 1), size);

		if (table[i].needs)
			assert_string_equal(needs, table[i].needs);
		else
			assert_null(needs);
	}
}

struct program {
	Elf64_Ehdr head;
	Elf64_Phdr parts[2];
	char loader[8];
};

static const struct program whole = {
	.head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
		 .e_machine = EM_S390,
		 .e_phoff = offsetof(struct program, parts),
		 .e_phnum = 2},
	.parts = {{.p_type = PT_LOAD},
		  {.p_type = PT_INTERP, .p_offset = offsetof(struct program, loader)}},
	.loader = "/ld.so",
};

static const char *needs_of(const struct program *program, size_t size)
{
	return program_needs(guarded(program, size + 1), size);
}

static void a_program_needs_its_loader(void **state)
{
	struct {
		Elf32_Ehdr head;
		Elf32_Phdr part;
		char loader[8];
	} narrow = {
		.head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB},
			 .e_phoff = sizeof(Elf32_Ehdr),
			 .e_phnum = 1},
		.part = {.p_type = PT_INTERP, .p_offset = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr)},
		.loader = "/ld.32",
	};

	(void)state;
	assert_string_equal(needs_of(&whole, sizeof(whole) - 1), "/ld.so");
	assert_string_equal(program_needs(guarded(&narrow, sizeof(narrow)), sizeof(narrow) - 1),
			    "/ld.32");
}

static void a_program_that_lies_is_not_read_beyond_its_end(void **state)
{
	struct program liar = whole;

	(void)state;
	for (size_t size = 0; size < offsetof(struct program, loader); size++)
		assert_null(needs_of(&whole, size));
	liar.head.e_phoff = UINT64_MAX - 8;
	assert_null(needs_of(&liar, sizeof(liar) - 1));
	liar = whole;
	liar.head.e_phnum = UINT16_MAX;
	liar.parts[1].p_type = PT_LOAD;
	assert_null(needs_of(&liar, sizeof(liar) - 1));
	liar = whole;
	liar.parts[1].p_offset = sizeof(liar) - 1;
	assert_null(needs_of(&liar, sizeof(liar) - 1));
}

static void a_program_for_another_machine_is_known(void **state)
{
	struct program program = whole;

	(void)state;
	assert_string_equal(program_machine((char *)&program, sizeof(program)), "s390x");
	assert_null(program_machine((char *)&program, 4));
	program.head.e_machine = 0x1600;
	program.head.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_string_equal(program_machine((char *)&program, sizeof(program)), "s390x");
	program.head.e_ident[0] = '#';
	assert_null(program_machine((char *)&program, sizeof(program)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_script_needs_its_interpreter),
		TEST(a_program_needs_its_loader),
		TEST(a_program_that_lies_is_not_read_beyond_its_end),
		TEST(a_program_for_another_machine_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
