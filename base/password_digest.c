#include "base/password_digest.h"

#include <openssl/evp.h>

#define MD5_BYTES 16
#define SHA1_BYTES 20
#define SSHA_SALT_MOST 128
#define APR1 "$apr1$"

/* A digest over pieces; it says once, at its end, whether all went well. */
struct digest {
	EVP_MD_CTX *md; /* owned */
	bool is_good;
};

static void digest_start(struct digest *d, const EVP_MD *kind)
{
	d->is_good = d->md != NULL && EVP_DigestInit_ex(d->md, kind, NULL) == 1;
}

static void digest_put(struct digest *d, const void *p, size_t n)
{
	d->is_good = d->is_good && EVP_DigestUpdate(d->md, p, n) == 1;
}

static bool digest_end(struct digest *d, unsigned char *out)
{
	return d->is_good && EVP_DigestFinal_ex(d->md, out, NULL) == 1;
}

/* The letters and their order are crypt(3)'s, low bits first. */
static char *put_letters(char *at, uint32_t word, int count)
{
	static const char letters[] =
		"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	for (; count > 0; count--, word >>= 6)
		*at++ = letters[word & 0x3f];
	return at;
}

static void apr1_text(const unsigned char *sum, struct slice salt, char *out)
{
	/* Which octets of the digest stand together. */
	static const uint8_t threes[5][3] = {
		{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}};
	memcpy(out, APR1, sizeof(APR1) - 1);
	out += sizeof(APR1) - 1;
	memcpy(out, salt.p, salt.n);
	out += salt.n;
	*out++ = '$';
	for (size_t i = 0; i < COUNT_OF(threes); i++)
		out = put_letters(out,
			(uint32_t)sum[threes[i][0]] << 16 | (uint32_t)sum[threes[i][1]] << 8 |
				sum[threes[i][2]],
			4);
	out = put_letters(out, sum[11], 2);
	*out = '\0';
}

/* The MD5 crypt of FreeBSD with another mark in front: what `htpasswd -m` makes. */
static bool apr1_sum(struct digest *d, struct slice salt, struct slice pw, unsigned char *sum)
{
	digest_start(d, EVP_md5());
	digest_put(d, pw.p, pw.n);
	digest_put(d, salt.p, salt.n);
	digest_put(d, pw.p, pw.n);
	if (!digest_end(d, sum))
		return false;

	digest_start(d, EVP_md5());
	digest_put(d, pw.p, pw.n);
	digest_put(d, APR1, sizeof(APR1) - 1);
	digest_put(d, salt.p, salt.n);
	for (size_t left = pw.n; left != 0; left -= min_size(left, MD5_BYTES))
		digest_put(d, sum, min_size(left, MD5_BYTES));
	for (size_t bits = pw.n; bits != 0; bits >>= 1)
		digest_put(d, (bits & 1) != 0 ? "" : pw.p, 1);
	if (!digest_end(d, sum))
		return false;

	for (uint32_t round = 0; round < 1000; round++) {
		digest_start(d, EVP_md5());
		bool is_odd = round % 2 == 1;
		digest_put(d, is_odd ? (const void *)pw.p : sum, is_odd ? pw.n : MD5_BYTES);
		if (round % 3 != 0)
			digest_put(d, salt.p, salt.n);
		if (round % 7 != 0)
			digest_put(d, pw.p, pw.n);
		digest_put(d, is_odd ? sum : (const void *)pw.p, is_odd ? MD5_BYTES : pw.n);
		if (!digest_end(d, sum))
			return false;
	}
	return true;
}

bool password_apr1(const char *entry, struct slice password, char out[PASSWORD_TEXT])
{
	unsigned char sum[MD5_BYTES];
	if (strncmp(entry, APR1, sizeof(APR1) - 1) != 0)
		return false;
	const char *salt = entry + sizeof(APR1) - 1;
	struct slice salted = {salt, strcspn(salt, "$")};
	salted.n = min_size(salted.n, 8);
	struct digest d = {.md = EVP_MD_CTX_new()};
	bool is_good = apr1_sum(&d, salted, password, sum);
	EVP_MD_CTX_free(d.md);
	if (is_good)
		apr1_text(sum, salted, out);
	return is_good;
}

static bool sha1_text(struct slice mark, struct slice password, struct slice salt, char *out)
{
	unsigned char sum[SHA1_BYTES + SSHA_SALT_MOST];
	struct digest d = {.md = EVP_MD_CTX_new()};
	digest_start(&d, EVP_sha1());
	digest_put(&d, password.p, password.n);
	digest_put(&d, salt.p, salt.n);
	bool is_good = digest_end(&d, sum);
	EVP_MD_CTX_free(d.md);
	if (!is_good)
		return false;
	if (salt.n != 0)
		memcpy(sum + SHA1_BYTES, salt.p, salt.n);
	memcpy(out, mark.p, mark.n);
	(void)EVP_EncodeBlock((unsigned char *)out + mark.n, sum, (int)(SHA1_BYTES + salt.n));
	return true;
}

bool password_sha(struct slice password, char out[PASSWORD_TEXT])
{
	return sha1_text(SLICE("{SHA}"), password, SLICE(""), out);
}

bool password_ssha(const char *entry, struct slice password, char out[PASSWORD_TEXT])
{
	static const char mark[] = "{SSHA}";
	unsigned char sum[PASSWORD_TEXT];
	if (strncmp(entry, mark, sizeof(mark) - 1) != 0)
		return false;
	struct slice text = slice_of(entry + sizeof(mark) - 1);
	if (text.n % 4 != 0 || text.n > PASSWORD_TEXT)
		return false;
	/* It counts the octets that '=' stands for as well. */
	int n = EVP_DecodeBlock(sum, (const unsigned char *)text.p, (int)text.n);
	for (size_t i = text.n; n > 0 && i > 0 && text.p[i - 1] == '='; i--)
		n--;
	if (n < SHA1_BYTES || n > SHA1_BYTES + SSHA_SALT_MOST)
		return false;
	struct slice salt = {(const char *)sum + SHA1_BYTES, (size_t)n - SHA1_BYTES};
	return sha1_text(SLICE(mark), password, salt, out);
}

bool password_digest(
	struct slice key, struct slice a, struct slice b, unsigned char out[PASSWORD_DIGEST])
{
	uint64_t n = a.n;
	struct digest d = {.md = EVP_MD_CTX_new()};
	digest_start(&d, EVP_sha256());
	digest_put(&d, key.p, key.n);
	digest_put(&d, &n, sizeof(n));
	digest_put(&d, a.p, a.n);
	digest_put(&d, b.p, b.n);
	bool is_good = digest_end(&d, out);
	EVP_MD_CTX_free(d.md);
	return is_good;
}
