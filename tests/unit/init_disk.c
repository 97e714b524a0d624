/* How ctr-init finds a disk by what is written on it: each kind of file system and of partition
 * table, and what a hostile or cut disk can hold. */
#include "../../init/disk.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support.h"

#define UUID	"12345678-9abc-def0-1122-334455667788"
#define UUID_ON "\x12\x34\x56\x78\x9a\xbc\xde\xf0\x11\x22\x33\x44\x55\x66\x77\x88"
#define GUID_ON "\x78\x56\x34\x12\xbc\x9a\xf0\xde\x11\x22\x33\x44\x55\x66\x77\x88"

static int disk_new(void)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	return fd;
}

static void put(int fd, long at, const void *bytes, size_t size)
{
	assert_int_equal(pwrite(fd, bytes, size, at), (ssize_t)size);
}

static int compare(int fd, const char *name)
{
	struct disk_search search;

	if (disk_search_begin(name, &search) != 1)
		fail_msg("not understood: %s", name);
	return disk_compare(fd, &search);
}

static void each_kind_of_file_system_is_found_by_uuid_and_label(void **state)
{
	static const struct {
		const char *magic;
		long magic_at, uuid_at, label_at;
		unsigned label_size;
	} kinds[] = {
		{"\x53\xef", 1024 + 0x38, 1024 + 0x68, 1024 + 0x78, 16},
		{"XFSB", 0, 32, 108, 12},
		{"_BHRfS_M", 65536 + 64, 65536 + 32, 65536 + 299, 255},
		{"\xe2\xe1\xf5\xe0", 1024, 1024 + 48, 1024 + 64, 16},
	};
	char longest[6 + 255 + 1 + 1] = "LABEL=";

	(void)state;
	memset(longest + 6, 'l', 255);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = disk_new();

		put(fd, kinds[i].magic_at, kinds[i].magic, strlen(kinds[i].magic));
		put(fd, kinds[i].uuid_at, UUID_ON, 16);
		put(fd, kinds[i].label_at, "root", 4);
		assert_int_equal(compare(fd, "UUID=" UUID), 0);
		assert_int_equal(compare(fd, "UUID=12345678-9ABC-DEF0-1122-334455667788"), 0);
		assert_int_equal(compare(fd, "LABEL=root"), 0);
		assert_int_equal(compare(fd, "LABEL=roo"), -1);
		assert_int_equal(compare(fd, "LABEL=root2"), -1);
		assert_int_equal(compare(fd, "UUID=12345678-9abc-def0-1122-334455667789"), -1);
		assert_int_equal(compare(fd, "PARTUUID=" UUID), -1);
		put(fd, kinds[i].label_at, longest + 6, kinds[i].label_size);
		longest[6 + kinds[i].label_size] = '\0';
		assert_int_equal(compare(fd, longest), 0);
		strcat(longest, "l");
		assert_int_equal(compare(fd, longest), -1);
		memset(longest + 6, 'l', 255);
		close(fd);
	}
}

struct gpt {
	char magic[8], other[64];
	uint64_t entries_at;
	uint32_t count, size;
};

static void a_partition_of_a_gpt_is_found_by_its_id(void **state)
{
	struct gpt gpt = {"EFI PART", "", 2, 128, 128};
	int fd = disk_new();

	(void)state;
	put(fd, 512, &gpt, sizeof(gpt));
	put(fd, 1024 + 4 * 128 + 16, GUID_ON, 16);
	assert_int_equal(compare(fd, "PARTUUID=" UUID), 5);
	assert_int_equal(compare(fd, "UUID=" UUID), -1);
	assert_int_equal(compare(fd, "PARTUUID="
				     "22345678-9abc-def0-1122-334455667788"),
			 -1);
	close(fd);
}

static void a_partition_of_an_mbr_is_found_by_its_disk_and_number(void **state)
{
	int fd = disk_new();

	(void)state;
	put(fd, 440, "\x78\x56\x34\x12", 4);
	assert_int_equal(compare(fd, "PARTUUID=12345678-02"), 2);
	assert_int_equal(compare(fd, "PARTUUID=12345678-1f"), 31);
	assert_int_equal(compare(fd, "PARTUUID=12345679-02"), -1);
	close(fd);
}

/* Tables that lie outside of the disk, overlap or have no end. */
static void a_hostile_table_ends(void **state)
{
	static const struct gpt gpts[] = {
		{"EFI PART", "", UINT64_MAX, UINT32_MAX, UINT32_MAX},
		{"EFI PART", "", UINT64_MAX / 512, UINT32_MAX, 1},
		{"EFI PART", "", INT64_MAX / 512, UINT32_MAX, UINT32_MAX},
		{"EFI PART", "", 2, UINT32_MAX, 0},
		{"EFI PART", "", 2, UINT32_MAX, 1},
		{"EFI PART", "", 2047, 128, 4096},
		{"EFI PART", "", 0, 0, 0},
	};
	int fd = disk_new();

	(void)state;
	for (size_t i = 0; i < sizeof(gpts) / sizeof(gpts[0]); i++) {
		put(fd, 512, &gpts[i], sizeof(gpts[i]));
		assert_int_equal(compare(fd, "PARTUUID=" UUID), -1);
	}
	close(fd);
}

static void a_disk_that_is_cut_or_empty_is_not_it(void **state)
{
	static const long sizes[] = {0, 1, 511, 512, 600, 1024 + 599, 65536};
	int fd = disk_new();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		assert_int_equal(compare(fd, "UUID=" UUID), -1);
		assert_int_equal(compare(fd, "LABEL=root"), -1);
		assert_int_equal(compare(fd, "PARTUUID=" UUID), -1);
		assert_int_equal(compare(fd, "PARTUUID=12345678-02"), -1);
	}
	close(fd);
}

static void what_is_no_id_is_malformed(void **state)
{
	static const char *const wrong[] = {
		"UUID=",
		"LABEL=",
		"PARTUUID=",
		"UUID=1234",
		"UUID=12345678-02",
		"UUID=ABCD-1234",
		"UUID=" UUID "0",
		"UUID=" UUID "00",
		"UUID=g2345678-9abc-def0-1122-334455667788",
		"UUID= 2345678-9abc-def0-1122-334455667788",
		"UUID=@2345678-9abc-def0-1122-334455667788",
		"UUID=`2345678-9abc-def0-1122-334455667788",
		"PARTUUID=12345678-023",
		"PARTUUID=12345678",
	};
	static const char *const others[] = {"/dev/vda", "tmpfs", "uuid=" UUID,
					     "",	 "LABEL", "a/LABEL=b"};
	struct disk_search search;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (disk_search_begin(wrong[i], &search) != -1)
			fail_msg("accepted: %s", wrong[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(disk_search_begin(others[i], &search), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_file_system_is_found_by_uuid_and_label),
		cmocka_unit_test(a_partition_of_a_gpt_is_found_by_its_id),
		cmocka_unit_test(a_partition_of_an_mbr_is_found_by_its_disk_and_number),
		cmocka_unit_test(a_hostile_table_ends),
		cmocka_unit_test(a_disk_that_is_cut_or_empty_is_not_it),
		cmocka_unit_test(what_is_no_id_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
