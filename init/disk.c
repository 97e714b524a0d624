#include "disk.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "sys.h"
#include "text.h"

enum { LOOKS = 1000, LOOK_NS = 10 * 1000 * 1000 }; /* 10 seconds */
enum { SECTOR = 512, MBR_ID_AT = 440, MBR_ID_SIZE = 4, PARTITIONS_MAX = 256 };

/* Where a file system has its magic number, UUID and label, from the offset of its superblock. */
static const struct super {
	char magic[5];
	uint8_t kib, magic_at, uuid_at, label_size;
	uint16_t label_at;
} supers[] = {
	{"\x53\xef", 1, 56, 104, 16, 120},	/* ext2, ext3, ext4 */
	{"XFSB", 0, 0, 32, 12, 108},		/* xfs */
	{"_BHR", 64, 64, 32, 255, 299},		/* btrfs */
	{"\xe2\xe1\xf5\xe0", 1, 0, 48, 16, 64}, /* erofs */
};

static bool bytes_read(int fd, void *bytes, size_t size, uint64_t from)
{
	return syscall(SYS_pread64, fd, bytes, size, from) == (long)size;
}

static bool super_is(int fd, const struct super *super, const struct disk_search *search)
{
	char bytes[600];

	if (!bytes_read(fd, bytes, sizeof(bytes), super->kib * 1024U) ||
	    memcmp(bytes + super->magic_at, super->magic, strlen(super->magic)) != 0)
		return false;
	if (!search->label)
		return memcmp(bytes + super->uuid_at, search->id, DISK_ID_SIZE) == 0;
	return strlen(search->label) <= super->label_size &&
	       strncmp(bytes + super->label_at, search->label, super->label_size) == 0;
}

/* The table of a GPT (UEFI specification, 5.3). */
static int gpt_compare(int fd, const struct disk_search *search)
{
	struct {
		char magic[8], other[64];
		uint64_t entries_at;
		uint32_t count, size;
	} header;
	unsigned char id[DISK_ID_SIZE];
	unsigned sector = SECTOR;

	ioctl(fd, BLKSSZGET, &sector);
	if (!bytes_read(fd, &header, sizeof(header), sector) ||
	    memcmp(header.magic, "EFI PART", sizeof(header.magic)) != 0)
		return -1;
	for (uint32_t i = 0; i < header.count && i < PARTITIONS_MAX; i++) {
		uint64_t at = header.entries_at * sector + (uint64_t)i * header.size;

		if (!bytes_read(fd, id, sizeof(id), at + sizeof(id)))
			break;
		if (memcmp(id, search->id, sizeof(id)) == 0)
			return (int)i + 1;
	}
	return -1;
}

/* The partitions of an MBR have no ids: its own and their numbers stand for them. */
static int mbr_compare(int fd, const struct disk_search *search)
{
	unsigned char id[MBR_ID_SIZE];

	return bytes_read(fd, id, sizeof(id), MBR_ID_AT) && memcmp(id, search->id, sizeof(id)) == 0
		       ? search->id[MBR_ID_SIZE]
		       : -1;
}

int disk_compare(int fd, const struct disk_search *search)
{
	if (search->is_partition)
		return search->is_mbr ? mbr_compare(fd, search) : gpt_compare(fd, search);
	for (size_t i = 0; i < sizeof(supers) / sizeof(supers[0]); i++)
		if (super_is(fd, &supers[i], search))
			return 0;
	return -1;
}

/* Hexadecimal digits, with dashes anywhere between them. Returns how many bytes they are; 0: there
 * is something else, or too much. */
static unsigned id_parse(const char *text, unsigned char id[DISK_ID_SIZE])
{
	unsigned count = 0;

	for (; *text; text++) {
		char c = *text;
		int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

		if (c == '-')
			continue;
		if (count == 2 * DISK_ID_SIZE || digit < 0 || digit > 15 || (c > '9' && digit < 10))
			return 0;
		id[count / 2] = (unsigned char)(id[count / 2] << 4 | digit);
		count++;
	}
	return count % 2 ? 0 : count / 2;
}

/* The first fields of a partition's id are numbers, which a disk has with the least byte first. */
static void id_swap(unsigned char id[DISK_ID_SIZE], bool is_mbr)
{
	static const uint8_t fields[][2] = {{0, 3}, {1, 2}, {4, 5}, {6, 7}};

	for (unsigned i = 0; i < (is_mbr ? 2 : 4); i++) {
		unsigned char byte = id[fields[i][0]];

		id[fields[i][0]] = id[fields[i][1]];
		id[fields[i][1]] = byte;
	}
}

int disk_search_begin(const char *name, struct disk_search *search)
{
	const char *value = text_behind((char *)name, "PARTUUID=");
	unsigned size;

	*search = (struct disk_search){.is_partition = value};
	search->label = text_behind((char *)name, "LABEL=");
	if (search->label)
		return *search->label ? 1 : -1;
	if (!value)
		value = text_behind((char *)name, "UUID=");
	if (!value)
		return 0;
	size = id_parse(value, search->id);
	search->is_mbr = search->is_partition && size == MBR_ID_SIZE + 1;
	if (search->is_partition)
		id_swap(search->id, search->is_mbr);
	return size == DISK_ID_SIZE || search->is_mbr ? 1 : -1;
}

struct found {
	struct disk_search search;
	char path[64];
};

/* A path that is empty is that of no device. */
static bool device_look(void *context, int dir_fd, const char *name, bool is_directory)
{
	struct found *found = context;
	int fd, number = -1;

	(void)dir_fd, (void)is_directory;
	found->path[0] = '\0';
	text_append(found->path, sizeof(found->path), "/dev/");
	text_append(found->path, sizeof(found->path), name);
	fd = open(found->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		number = disk_compare(fd, &found->search);
		close(fd);
	}
	if (number < 0)
		found->path[0] = '\0';
	if (number > 0 && found->path[strlen(found->path) - 1] <= '9')
		text_append(found->path, sizeof(found->path), "p");
	if (number > 0)
		text_append_number(found->path, sizeof(found->path), (uint64_t)number);
	return number < 0;
}

static void devices_look(struct found *found)
{
	int fd = open("/sys/class/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	directory_walk(fd, device_look, found);
	close(fd);
}

const char *disk_await(const char *name)
{
	static struct found found;
	struct timespec time = {.tv_nsec = LOOK_NS};
	bool is_searched = disk_search_begin(name, &found.search) > 0;
	const char *path = is_searched ? found.path : name;

	for (int i = 0; i < LOOKS && (is_searched || name[0] == '/'); i++) {
		if (is_searched)
			devices_look(&found);
		if (syscall(SYS_faccessat, AT_FDCWD, path, 0) == 0)
			return path;
		syscall(SYS_nanosleep, &time, NULL);
	}
	return name;
}
