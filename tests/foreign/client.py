"""ccxt against an exchange on this machine: one chapter a run, what it saw as one JSON line.

Usage: client.py PACKAGES CHAPTER ADDRESS [JSON OPTIONS]
"""

import asyncio
import json
import sys
import time

PACKAGES, CHAPTER, ADDRESS = sys.argv[1:4]
OPTIONS = json.loads(sys.argv[4]) if len(sys.argv) > 4 else {}
sys.path.insert(0, PACKAGES)

import ccxt  # noqa: E402
import ccxt.pro  # noqa: E402

# The exchange takes 12 order requests a second of an account; ccxt's own pace is faster.
ORDER_PACE_S = 0.1


def client(module=ccxt, **options):
    """A client whose every address is the exchange under test. Figures are kept as text where ccxt can do so."""
    base = "http://" + ADDRESS
    made = module.mexc({"apiKey": "demo-key", "secret": "demo-secret", "enableRateLimit": False, **options})
    # Its order books of streams need numbers.
    made.number = str if module is ccxt else float
    made.timeout = 10_000
    made.urls["api"] = {
        "spot": {"public": base, "private": base},
        "spot2": {"public": base, "private": base},
        "contract": {"public": base + "/api/v1/contract", "private": base + "/api/v1/private"},
        "broker": {"private": base + "/api/v3/broker"},
        "ws": {"spot": "ws://" + ADDRESS + "/ws", "swap": "ws://" + ADDRESS + "/edge"},
    }
    return made


def market_data():
    venue = client()
    markets = venue.load_markets()
    before = venue.milliseconds()
    clock = venue.fetch_time()
    tickers = venue.fetch_tickers()
    return {
        "status": venue.fetch_status()["status"],
        "clock_apart_ms": abs(clock - before),
        "markets": {
            name: {
                "id": market["id"],
                "active": market["active"],
                "precision": market["precision"],
                "min_cost": market["limits"]["cost"]["min"],
                "max_cost": market["limits"]["cost"]["max"],
                "taker": market["taker"],
            }
            for name, market in markets.items()
        },
        "currencies": {
            code: sorted(currency["networks"]) for code, currency in venue.fetch_currencies().items()
        },
        "book": venue.fetch_order_book("BTC/USDT", 5),
        "ticker": venue.fetch_ticker("BTC/USDT"),
        "tickers": sorted(tickers),
        # With one symbol this version of ccxt asks for all and reads the list as one row.
        "bids_asks": venue.fetch_bids_asks(["BTC/USDT", "ETH/USDT"])["BTC/USDT"],
        "candles": venue.fetch_ohlcv("BTC/USDT", "5m", limit=20),
        "daily": venue.fetch_ohlcv("BTC/USDT", "1d", limit=5),
        "trades": venue.fetch_trades("BTC/USDT", limit=5),
        "raw_trades": venue.spotPublicGetTrades({"symbol": "BTCUSDT", "limit": 5}),
        "average": venue.spotPublicGetAvgPrice({"symbol": "BTCUSDT"}),
        "fee": venue.fetch_trading_fee("BTC/USDT"),
        "accounts": len(venue.fetch_accounts()),
    }


def order_fact(order):
    keys = ["id", "clientOrderId", "symbol", "side", "type", "status", "price", "amount", "filled", "cost"]
    return {key: order[key] for key in keys}


def orders():
    venue = client()
    venue.load_markets()
    symbol, seen = "MX/USDT", {}
    best = venue.fetch_order_book(symbol, 5)
    ask = float(best["asks"][0][0])
    under, over = round(ask * 0.5, 4), round(ask * 1.01, 4)

    def place(name, kind, side, amount, price=None, **params):
        time.sleep(ORDER_PACE_S)
        made = venue.create_order(symbol, kind, side, amount, price, {"clientOrderId": name, **params})
        return made["id"]

    resting = place("resting", "limit", "buy", 40, under)
    seen["resting"] = order_fact(venue.fetch_order(resting, symbol))
    seen["open"] = [order["clientOrderId"] for order in venue.fetch_open_orders(symbol)]
    time.sleep(ORDER_PACE_S)
    seen["cancelled"] = venue.cancel_order(resting, symbol)["status"]

    place("crossing", "limit", "buy", 12, over)
    place("market-quantity", "market", "buy", 7)
    time.sleep(ORDER_PACE_S)
    by_cost = venue.create_market_buy_order_with_cost(symbol, 25, {"clientOrderId": "market-cost"})
    seen["by_cost"] = order_fact(venue.fetch_order(by_cost["id"], symbol))
    place("market-sell", "market", "sell", 9)
    place("ioc", "limit", "sell", 5, round(ask * 0.98, 4), timeInForce="IOC")
    place("fok", "limit", "buy", 10, under, timeInForce="FOK")
    place("post-only", "limit", "buy", 6, over, postOnly=True)
    time.sleep(ORDER_PACE_S)
    seen["tested"] = venue.create_order(symbol, "limit", "buy", 8, under, {"test": True})["id"]

    batch = [
        {"symbol": symbol, "type": "limit", "side": "buy", "amount": amount, "price": under,
         "params": {"clientOrderId": name}}
        for name, amount in [("batch-1", 30), ("batch-small", 0.1), ("batch-2", 31)]
    ]
    time.sleep(ORDER_PACE_S)
    seen["batch"] = [order["info"].get("code") for order in venue.create_orders(batch)]
    by_client = venue.fetch_order(None, symbol, {"clientOrderId": "batch-1"})
    seen["by_client_id"] = by_client["clientOrderId"]
    time.sleep(ORDER_PACE_S)
    seen["all_cancelled"] = len(venue.cancel_all_orders(symbol))
    seen["left_open"] = len(venue.fetch_open_orders(symbol))
    # Left open on purpose: it holds money.
    place("held", "limit", "sell", 15, round(ask * 1.5, 4))

    balance = venue.fetch_balance()
    deals = venue.fetch_my_trades(symbol)
    return {
        "seen": seen,
        "orders": [order_fact(order) for order in venue.fetch_orders(symbol)],
        "deals": [
            {key: deal[key] for key in ["id", "order", "side", "price", "amount", "cost", "takerOrMaker", "fee"]}
            for deal in deals
        ],
        "balance": {code: balance[code] for code in balance["total"]},
    }


def refusals():
    venue = client()
    venue.load_markets()
    found = {}

    def refused(kind, call):
        time.sleep(ORDER_PACE_S)
        try:
            answer = call()
            found[kind] = ["none", repr(answer)[:200]]
        except ccxt.BaseError as error:
            found[kind] = [type(error).__name__, str(error)]

    def raw(**params):
        usual = {"symbol": "MXUSDT", "side": "BUY", "type": "LIMIT", "quantity": "4", "price": "2"}
        usual.update(params)
        return lambda: venue.spotPrivatePostOrder({k: v for k, v in usual.items() if v is not None})

    refused("unknown pair", raw(symbol="NOPEUSDT"))
    refused("pair not for the API", raw(symbol="SHUTUSDT"))
    refused("pair suspended", raw(symbol="HALTUSDT"))
    refused("pair offline", raw(symbol="GONEUSDT"))
    refused("before the opening", raw(symbol="SOONUSDT"))
    refused("above the opening cap", raw(symbol="CAPUSDT", price="3"))
    refused("outside the band", raw(symbol="BANDUSDT", price="2"))
    refused("no market orders", raw(symbol="LIMITUSDT", type="MARKET", price=None))
    refused("no such order type", raw(symbol="LIMITUSDT", type="LIMIT_MAKER"))
    refused("below the minimum", raw(quantity="0.1"))
    refused("above the maximum", raw(quantity="9000000"))
    refused("too much money", raw(quantity="900000"))
    refused("too many decimals", raw(price="2.00001"))
    refused("unknown side", raw(side="UP"))
    refused("missing price", raw(price=None))
    refused("illegal client id", raw(newClientOrderId="a b"))
    refused("duplicate client id", raw(newClientOrderId="twice", price="1"))
    refused("duplicate client id", raw(newClientOrderId="twice", price="1"))
    refused("unknown order cancelled", lambda: venue.cancel_order("C02__1", "MX/USDT"))
    refused("unknown order asked", lambda: venue.fetch_order("C02__1", "MX/USDT"))
    refused("no order named", lambda: venue.spotPrivateGetOrder({"symbol": "MXUSDT"}))
    refused("unknown candle width", lambda: venue.spotPublicGetKlines({"symbol": "MXUSDT", "interval": "1h"}))
    refused("half a period", lambda: venue.spotPublicGetAggTrades({"symbol": "MXUSDT", "startTime": 1}))
    refused("window too long", lambda: client(options={"recvWindow": 60_001}).fetch_balance())
    refused("wrong secret", lambda: client(secret="wrong").fetch_balance())
    refused("unknown key", lambda: client(apiKey="nobody").fetch_balance())
    refused("key may not", lambda: client(apiKey="reader", secret="reader-secret").spotPrivatePostOrder(
        {"symbol": "MXUSDT", "side": "BUY", "type": "LIMIT", "quantity": "4", "price": "2"}))
    late = client()
    late.nonce = lambda: late.milliseconds() - 10_000
    refused("too late", late.fetch_balance)
    early = client()
    early.nonce = lambda: early.milliseconds() + 10_000
    refused("too early", early.fetch_balance)
    return found


def limits():
    """Orders without a pause until the exchange is fed up, and on."""
    venue = client()
    venue.load_markets()
    order = {"symbol": "MXUSDT", "side": "BUY", "type": "LIMIT", "quantity": "4", "price": "1"}
    found = []
    for _ in range(OPTIONS["requests"]):
        try:
            venue.spotPrivatePostOrder(order)
            answer = ["taken", None]
        except ccxt.BaseError as error:
            answer = [type(error).__name__, venue.last_response_headers.get("Retry-After")]
        if not found or found[-1] != answer:
            found.append(answer)
    return found


async def streams():
    venue = client(ccxt.pro)
    try:
        return await followed(venue)
    finally:
        await venue.close()


async def followed(venue):
    await venue.load_markets()
    symbol = "MX/USDT"

    async def soon(coroutine):
        return await asyncio.wait_for(coroutine, 30)

    book = await soon(venue.watch_order_book(symbol))
    seen = {
        "book": {"bids": book["bids"][:5], "asks": book["asks"][:5], "nonce": book["nonce"]},
        "ticker": await soon(venue.watch_ticker(symbol)),
        "candle": (await soon(venue.watch_ohlcv(symbol)))[-1],
        "trade": (await soon(venue.watch_trades(symbol)))[-1],
    }
    waits = {
        "balance": asyncio.ensure_future(venue.watch_balance()),
        "orders": asyncio.ensure_future(venue.watch_orders()),
        "deals": asyncio.ensure_future(venue.watch_my_trades()),
    }
    # ccxt does not say when a subscription stands, so orders are placed until all three spoke.
    for _ in range(30):
        ask = float((await venue.fetch_order_book(symbol, 5))["asks"][0][0])
        await venue.create_order(symbol, "limit", "buy", 4, round(ask * 1.01, 4))
        await asyncio.wait(waits.values(), timeout=0.5)
        if all(wait.done() for wait in waits.values()):
            break
    seen["orders"] = [order_fact(order) for order in await soon(waits["orders"])]
    seen["deals"] = [{"id": d["id"], "order": d["order"], "amount": d["amount"]} for d in await soon(waits["deals"])]
    seen["balance"] = sorted((await soon(waits["balance"]))["total"])
    later = await soon(venue.watch_order_book(symbol))
    seen["book_goes_on"] = later["nonce"] >= seen["book"]["nonce"]
    return seen


def run():
    chapters = {"market_data": market_data, "orders": orders, "refusals": refusals, "limits": limits}
    if CHAPTER == "streams":
        return asyncio.run(streams())
    return chapters[CHAPTER]()


print(json.dumps(run(), default=str))
