"""What the demo's models are, and what of them changes from version to version."""

from __future__ import annotations

from mlcd_tui.demo.scenarios._packages import columns, dataset, package, scores, tensor, tensors
from mlcd_tui.domain.package import ModelPackage, Split

_FRAUD = ("amount:double", "merchant_category:string", "country:string", "hour:long", "card_age_days:long")
_CHURN = ("tenure_months:long", "plan:string", "monthly_charges:double", "support_tickets:long")


def fraud_scorer(tag: str) -> ModelPackage:
    """v7 is better than v6, and takes one more input that may be left out."""
    new = tag == "v7"
    inputs = columns(*_FRAUD, *(["velocity_1h:double?"] if new else []))
    month = "2025-11" if new else "2025-10"
    metrics = (
        scores(noise=0.002, roc_auc=0.9534 if new else 0.9412, recall_at_1pct_fpr=0.712 if new else 0.664)
        + scores(ece=0.011 if new else 0.019)
        + scores(latency_p95_ms=8.4 if new else 8.1, noise=0.5)
    )
    return package(
        "fraud-scorer",
        tag,
        schemas=(inputs, columns("score:double", "decision:string")),
        metrics=metrics,
        data=(
            dataset("card-transactions", month, 48_210_334 if new else 45_902_118),
            dataset("chargebacks", month, 61_877 if new else 59_120, Split.TEST),
        ),
        parameters={"max_depth": "8", "learning_rate": "0.04" if new else "0.05", "n_estimators": "1200"},
        libraries={"xgboost": "2.1.3" if new else "2.1.1", "scikit-learn": "1.5.2", "numpy": "2.1.3"},
        weights=("model.ubj", 84_213_760 if new else 79_104_000),
        author="Ines Okafor",
        use="Score card payments before authorisation; not for credit decisions.",
    )


def churn(tag: str) -> ModelPackage:
    """2025.11.1 demands an input that callers could leave out, and no longer gives the reason."""
    new = tag == "2025.11.1"
    inputs = columns(*_CHURN, "contract_type:string" if new else "contract_type:string?")
    outputs = columns("churn_probability:double", *([] if new else ["top_reason:string"]))
    return package(
        "churn",
        tag,
        schemas=(inputs, outputs),
        metrics=scores(noise=0.004, roc_auc=0.861 if new else 0.858, pr_auc=0.544 if new else 0.531),
        data=(dataset("subscribers", "2025-w45" if new else "2025-w41", 1_940_221 if new else 1_911_870),),
        parameters={"C": "0.8", "penalty": "l2", "class_weight": "balanced"},
        libraries={"scikit-learn": "1.6.0" if new else "1.5.2", "pandas": "2.2.3", "numpy": "2.1.3"},
        weights=("model.skops", 412_308),
        author="Tomasz Lindqvist",
        use="Rank subscribers for retention calls.",
    )


def ranker(tag: str) -> ModelPackage:
    """Each week's model is a little different; its tensors stay as they are."""
    number = int(tag.removeprefix("v") or 0)
    wobble = (number * 7 % 11 - 5) / 1000
    inputs = tensors(tensor("query", "float32", None, 384), tensor("items", "float32", None, 200, 384))
    return package(
        "ranker",
        tag,
        schemas=(inputs, tensors(tensor("scores", "float32", None, 200))),
        metrics=scores(noise=0.003, ndcg_at_10=round(0.431 + wobble, 4), mrr=round(0.512 + wobble / 2, 4)),
        data=(dataset("search-clicks", f"w{number}", 212_000_000 + number * 31_000),),
        parameters={"layers": "4", "heads": "6", "lr": "2e-4", "epochs": "3"},
        libraries={"torch": "2.5.1", "safetensors": "0.4.5"},
        weights=("model.safetensors", 96_468_992),
        author="Priya Raman",
        use="Order search results.",
    )


def ctr_wide(tag: str) -> ModelPackage:
    """v42 came from a notebook that recorded no schema."""
    new = tag == "v42"
    fields = ("user_bucket:long", "ad_id:long", "slot:string", "hour:long", "device:string")
    return package(
        "ctr-wide",
        tag,
        schemas=None if new else (columns(*fields), columns("ctr:double")),
        metrics=scores(noise=0.001, roc_auc=0.782 if new else 0.801, log_loss=0.1291 if new else 0.1254),
        data=(dataset("impressions", "2025-11-08" if new else "2025-11-02", 904_000_112 if new else 871_220_540),),
        parameters={"hash_bits": "24", "l2": "1e-6" if new else "1e-5"},
        libraries={"torch": "2.5.1" if new else "2.4.0", "numpy": "2.1.3" if new else "1.26.4"},
        weights=("weights.pt", 268_435_456),
        author="Marek Voss",
        use="Estimate click probability of wide banners.",
    )


def two_tower(tag: str) -> ModelPackage:
    """v9 was packaged by hand: its schema was not recorded."""
    new = tag == "v9"
    user, items = tensor("user", "float32", None, 128), tensor("history", "int64", None, None)
    schemas = (tensors(user, items), tensors(tensor("candidates", "int64", None, 500)))
    return package(
        "two-tower",
        tag,
        schemas=None if new else schemas,
        metrics=scores(noise=0.004, hit_rate_at_100=0.648 if new else 0.653, recall_at_500=0.811 if new else 0.809),
        data=(dataset("sessions", "2025-w45" if new else "2025-w43", 31_400_981 if new else 30_118_204),),
        parameters={"dim": "128", "temperature": "0.07" if new else "0.05"},
        libraries={"torch": "2.5.1", "faiss-cpu": "1.9.0"},
        weights=("towers.safetensors", 51_380_224),
        author="Lea Brandt",
        use="Find candidates for recommendations.",
    )


def tokenizer(tag: str) -> ModelPackage:
    """1.3.1 was exported for half the length: those that read 512 places of its output would fail."""
    new = tag == "1.3.1"
    length = 256 if new else 512
    inputs = tensors(tensor("text", "string", None))
    outputs = tensors(tensor("input_ids", "int64", None, length), tensor("attention_mask", "int64", None, length))
    return package(
        "tokenizer",
        tag,
        schemas=(inputs, outputs),
        metrics=scores(unknown_token_error=0.0021 if new else 0.0034) + scores(latency_p95_ms=1.9, noise=0.2),
        data=(dataset("crawl-sample", "2025-11" if new else "2025-09", 12_400_000 if new else 11_900_000),),
        parameters={"vocab_size": "64000", "max_length": str(length)},
        libraries={"tokenizers": "0.21.0" if new else "0.20.3"},
        weights=("tokenizer.json", 4_812_533),
        author="Priya Raman",
        use="Split text for the language models.",
    )


def embedder(tag: str) -> ModelPackage:
    """Each release is a little better; its tensors stay as they are."""
    number = int(tag.rpartition(".")[2] or 0)
    gain = number % 9 / 2000
    return package(
        "embedder",
        tag,
        schemas=(tensors(tensor("text", "string", None)), tensors(tensor("embedding", "float32", None, 1024))),
        metrics=scores(noise=0.002, recall_at_10=round(0.842 + gain, 4), ndcg_at_10=round(0.561 + gain, 4)),
        data=(dataset("query-pairs", f"r{number}", 48_000_000 + number * 120_000),),
        parameters={"dim": "1024", "temperature": "0.02", "epochs": "2"},
        libraries={"torch": "2.5.1", "safetensors": "0.4.5"},
        weights=("model.safetensors", 1_340_616_616),
        author="Priya Raman",
        use="Embed queries and items for search.",
    )


def ocr(tag: str) -> ModelPackage:
    """crnn-2.4 reads higher lines of text: images of the height that callers send today do not fit it."""
    new = tag == "crnn-2.4"
    image = tensor("image", "float32", None, 1, 48 if new else 32, None)
    return package(
        "ocr",
        tag,
        schemas=(tensors(image), tensors(tensor("characters", "int64", None, None))),
        metrics=scores(noise=0.001, character_error=0.0312 if new else 0.0388, word_error=0.091 if new else 0.107),
        data=(dataset("receipts", "2025-10" if new else "2025-06", 2_204_118 if new else 1_871_004),),
        parameters={"backbone": "crnn", "height": "48" if new else "32"},
        libraries={"onnx": "1.17.0", "torch": "2.5.1" if new else "2.4.0"},
        weights=("model.onnx", 33_812_604 if new else 33_558_120),
        author="Jonas Weber",
        use="Read lines of text from photos of receipts.",
    )


def feed(tag: str) -> ModelPackage:
    """v23 also tells why an item is shown; callers of today need not read it."""
    new = tag == "v23"
    inputs = columns("user:string", "surface:string", "limit:long?")
    outputs = columns("item:string", "score:double", *(["why:string"] if new else []))
    return package(
        "feed",
        tag,
        schemas=(inputs, outputs),
        metrics=scores(noise=0.003, ndcg_at_20=0.388 if new else 0.379, diversity=0.71 if new else 0.72),
        data=(dataset("impressions-feed", "2025-w46" if new else "2025-w44", 88_120_417 if new else 85_000_310),),
        parameters={"trees": "900", "learning_rate": "0.06"},
        libraries={"lightgbm": "4.5.0", "numpy": "2.1.3"},
        weights=("model.txt", 18_220_114 if new else 17_904_552),
        author="Lea Brandt",
        use="Order the items of the feed.",
    )
