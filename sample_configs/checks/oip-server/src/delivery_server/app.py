"""The routes of the Open Inference Protocol v2 for one model."""

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from delivery_server.model import load
from delivery_server.protocol import (
    Described,
    InferRequest,
    InferResponse,
    Live,
    ModelMetadata,
    Ready,
    RefusedError,
    ServerMetadata,
    Tensor,
)

NAME, VERSION = "delivery", "0.9.0"
model = load()
app = FastAPI(title="delivery-server", version=VERSION, openapi_url=None)


@app.exception_handler(RequestValidationError)
async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
    """The protocol answers 400 with an `error` text where FastAPI would answer 422."""
    told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
    return JSONResponse({"error": told}, status_code=400)


@app.exception_handler(RefusedError)
async def refused(_: Request, error: RefusedError) -> JSONResponse:
    """What does not fit the model."""
    return JSONResponse({"error": str(error)}, status_code=400)


@app.exception_handler(StarletteHTTPException)
async def failed(_: Request, error: StarletteHTTPException) -> JSONResponse:
    """Unknown routes and models, in the protocol's form."""
    return JSONResponse({"error": str(error.detail)}, status_code=error.status_code, headers=error.headers)


def known(name: str, version: str | None = None) -> None:
    """Raises 404 for any other model than the one that is served."""
    if name != NAME or version not in (None, model.version):
        raise HTTPException(404, f"there is no model {name}" + (f" version {version}" if version else ""))


@app.get("/v2")
def server() -> ServerMetadata:
    """Who serves."""
    return ServerMetadata(name="delivery-server", version=VERSION, extensions=[])


@app.get("/v2/health/live")
def live() -> Live:
    """Whether the server lives."""
    return Live()


@app.get("/v2/health/ready")
def ready() -> Ready:
    """Whether all models are loaded; they are before the first request is taken."""
    return Ready(name=NAME)


@app.get("/v2/models/{name}/ready")
@app.get("/v2/models/{name}/versions/{version}/ready")
def model_ready(name: str, version: str | None = None) -> Ready:
    """Whether a model is loaded."""
    known(name, version)
    return Ready(name=name)


@app.get("/v2/models/{name}")
@app.get("/v2/models/{name}/versions/{version}")
def metadata(name: str, version: str | None = None) -> ModelMetadata:
    """What a model takes and gives; -1 is any number of rows."""
    known(name, version)
    return ModelMetadata(
        name=NAME,
        versions=[model.version],
        platform="numpy",
        inputs=[Described(name="features", datatype="FP32", shape=[-1, len(model.features)])],
        outputs=[Described(name="minutes", datatype="FP32", shape=[-1])],
    )


@app.post("/v2/models/{name}/infer")
@app.post("/v2/models/{name}/versions/{version}/infer")
def infer(name: str, request: InferRequest, version: str | None = None) -> InferResponse:
    """Minutes for each row."""
    known(name, version)
    if [each.name for each in request.inputs] != ["features"]:
        raise RefusedError("exactly one input is expected: features")
    table = request.inputs[0].array()
    if table.ndim != 2 or table.shape[1] != len(model.features) or not len(table):
        raise RefusedError(f"input features: shape [-1, {len(model.features)}] is expected, not {list(table.shape)}")
    minutes = [float(each) for each in model.minutes(table)]
    output = Tensor(name="minutes", datatype="FP32", shape=[len(minutes)], data=minutes)
    return InferResponse(model_name=NAME, model_version=model.version, id=request.id, outputs=[output])
