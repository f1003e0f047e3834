/* A strategy in C, written from core/abi/README.md alone: it sells a position of a target of its own
 * once the best bid has gained enough. tests/c/build makes the module beside this file. */

typedef unsigned char u8;
typedef unsigned int u32;
typedef long long i64;

/* Places in the area, and of fields in their structures. */
enum {
    AREA_SIZE = 4096,
    SETUP_PARAMS = 12, SETUP_VALUES = 192,
    HEAD_BID = 32, HEAD_POSITIONS = 52,
    POSITION = 1136, POSITION_SIZE = 24, POSITIONS = 16,
    POSITION_TARGET = 0, POSITION_FLAGS = 5, POSITION_QTY = 8, POSITION_ENTRY_PRICE = 16,
    OWN = 1,
    OUTPUT = 2560, INTENT_SIZE = 208, INTENTS = 4,
    INTENT_KIND = 0, INTENT_TARGET = 8, INTENT_QTY = 16,
    EXIT = 4,
};

/* So far a price times 20,000 fits an i64. */
#define PRICE_MAX 461168601842738LL

static _Alignas(8) u8 area[AREA_SIZE];
static i64 gain_bps;

static i64 load_i64(u32 at) {
    i64 value;
    __builtin_memcpy(&value, area + at, sizeof value);
    return value;
}

static u32 load_u32(u32 at) {
    u32 value;
    __builtin_memcpy(&value, area + at, sizeof value);
    return value;
}

__attribute__((export_name("shrike_area"))) int shrike_area(void) {
    return (int)(unsigned long)area;
}

__attribute__((export_name("shrike_setup"))) int shrike_setup(void) {
    if (load_u32(SETUP_PARAMS) < 1) {
        return -1;
    }
    gain_bps = load_i64(SETUP_VALUES);
    return gain_bps >= 1 && gain_bps <= 10000 ? 0 : -2;
}

static int has_gained(i64 bid, i64 entry_price) {
    if (bid <= 0 || bid > PRICE_MAX || entry_price <= 0 || entry_price > PRICE_MAX) {
        return 0;
    }
    return bid * 10000 >= entry_price * (10000 + gain_bps);
}

/* How many intents; neither timers nor log. */
__attribute__((export_name("shrike_on_event"))) int shrike_on_event(void) {
    i64 bid = load_i64(HEAD_BID);
    u32 count = area[HEAD_POSITIONS] < POSITIONS ? area[HEAD_POSITIONS] : POSITIONS;
    int intents = 0;
    for (u32 n = 0; n < count && intents < INTENTS; n++) {
        u32 at = POSITION + n * POSITION_SIZE;
        int sellable = load_i64(at + POSITION_QTY) > 0 && (area[at + POSITION_FLAGS] & OWN);
        if (!sellable || !has_gained(bid, load_i64(at + POSITION_ENTRY_PRICE))) {
            continue;
        }
        u8 *intent = area + OUTPUT + intents * INTENT_SIZE;
        __builtin_memset(intent, 0, INTENT_SIZE);
        intent[INTENT_KIND] = EXIT;
        __builtin_memcpy(intent + INTENT_TARGET, area + at + POSITION_TARGET, 4);
        /* INTENT_QTY stays 0: all of it. */
        intents++;
    }
    return intents;
}

/* The manifest, in the custom section that the host reads it from. */
__asm__(".section .custom_section.shrike,\"\",@\n"
        ".incbin \"take_profit_in_c.toml\"\n");
