"""What a failure reason and the end of a log mean, and what to do next."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

OWN_FOLDERS = ("infrastructure/", "inference/", "monitoring/", "steps/")
"""Folders of the code that ships: of a traceback's lines, those about it say most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """A known cause of a failure."""

    cause: str
    """What happened, as a sentence."""
    advice: str
    """What to do next, as a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A cause that its words give away."""

    pattern: re.Pattern[str]
    cause: Callable[[Mapping[str, str]], str]
    """The cause, given the groups of the pattern that matched."""
    advice: str
    is_in_log: bool = False
    """Whether the log may say it as well as the reason."""


def diagnose(reason: str, log: Sequence[str] = ()) -> Diagnosis | None:
    """Recognise what made a step fail.

    Args:
        reason: The failure reason of the step, and of its job where that says more.
        log: The last lines of the job's log.

    Returns:
        The cause and what to do next; None for a reason that is not known.
    """
    end = "\n".join(log[_start_of_end(log) :])
    for known in _KNOWN:
        texts = (reason, end) if known.is_in_log else (reason,)
        found = next(filter(None, map(known.pattern.search, texts)), None)
        if found is not None:
            return Diagnosis(cause=known.cause(_words(found)), advice=known.advice)
    return _script_error(log) or _refused(reason) or _own_words(reason) or _exit_code(reason)


def _words(found: re.Match[str]) -> Mapping[str, str]:
    return {name: value for name, value in found.groupdict().items() if value}


_NUM_LAST_LINES = 20
"""How far back a log without a traceback is looked at: what it said before, the job survived."""
_TRACEBACK = "Traceback (most recent call last):"
_LAMBDA_ERROR = "[ERROR] "
_FRAME = re.compile(r'\s+File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)')
_RAISED = re.compile(r"[A-Za-z_][\w.]*(: .*)?")


def _last_traceback(log: Sequence[str]) -> int | None:
    """Index of the line that begins the last traceback; None without one."""
    starts = [index for index, line in enumerate(log) if line.rstrip().endswith(_TRACEBACK)]
    return starts[-1] if starts else None


def _start_of_end(log: Sequence[str]) -> int:
    """Index of the line from which on a log tells of its end; Lambda begins with the exception."""
    traceback = _last_traceback(log)
    if traceback is None:
        return -_NUM_LAST_LINES
    is_after_exception = traceback > 0 and log[traceback - 1].startswith(_LAMBDA_ERROR)
    return traceback - is_after_exception


def _script_error(log: Sequence[str]) -> Diagnosis | None:
    """The last exception of a log, and where in our code it was raised."""
    start = _last_traceback(log)
    if start is None:
        return None
    frames = []
    raised = ""
    for line in log[start + 1 :]:
        frame = _FRAME.match(line)
        if frame is not None:
            frames.append(frame)
        elif not line.startswith(" ") and _RAISED.fullmatch(line):
            raised = line.strip()
            break
    if not raised and start > 0:  # Lambda says it before, and not after.
        raised = log[start - 1].strip().removeprefix(_LAMBDA_ERROR)
    if not raised:
        return None
    places = [_place(frame) for frame in frames]
    own = [place for place in places if place.startswith(OWN_FOLDERS)]
    place = (own or places or [""])[-1]
    return Diagnosis(
        cause=f"The script raised {raised}" + (f" ({place})" if place else ""),
        advice=_MEND,
    )


def _place(frame: re.Match[str]) -> str:
    """Where a frame is, by the path that its file has in the repository, where it has one."""
    path = frame["path"]
    starts = [start for folder in OWN_FOLDERS if (start := path.rfind(f"/{folder}")) >= 0]
    is_own = bool(starts) and "site-packages" not in path
    shown = path[max(starts) + 1 :] if is_own else path
    return f"{shown}, line {frame['line']}, in {frame['function']}"


_MEND = "Mend the code or the data; 'pipelines run' runs the same job on this machine."
_REFUSED = re.compile(
    r"Failed to invoke (?:sagemaker:)?(?P<operation>\w+)\. (?:Error Details: )?(?P<details>[^\n]+)"
)
_OWN_WORDS = re.compile(
    r"(?:AlgorithmError|Lambda function failed): (?!ExecuteUserScriptError|,)"
    r"(?P<words>.+?)(?:, exit code: \d+|$)",
    re.DOTALL,
)
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Interrupt): ")
_EXIT_CODE = re.compile(r"exit ?code:? (?P<code>-?\d+)", re.IGNORECASE)


def _refused(reason: str) -> Diagnosis | None:
    found = _REFUSED.search(reason)
    if found is None or found["details"].startswith("null"):
        return None
    return Diagnosis(
        cause=f"The service refused {found['operation']}: {found['details']}",
        advice=(
            "Correct the value in the declaration or in the parameters; 'pipelines check' finds "
            "many such mistakes before anything runs."
        ),
    )


def _own_words(reason: str) -> Diagnosis | None:
    """What a script of ours left as its failure reason: an exception, or what was wrong."""
    found = _OWN_WORDS.match(reason)
    if found is None or _EXIT_CODE.fullmatch(found["words"]) is not None:
        return None
    if _EXCEPTION.match(found["words"]):
        return Diagnosis(cause=f"The code raised {found['words']}", advice=_MEND)
    return Diagnosis(
        cause="The script found something wrong with what it was given.",
        advice="Correct the data or the parameter that the reason names, and start again.",
    )


def _exit_code(reason: str) -> Diagnosis | None:
    found = _EXIT_CODE.search(reason)
    if found is None or found["code"] == "0":
        return None
    return Diagnosis(
        cause=f"The program of the container ended with exit code {found['code']}.",
        advice="Read the end of its log: what it says before it ends is the cause.",
    )


def _always(text: str) -> Callable[[Mapping[str, str]], str]:
    return lambda _: text


def _quota(words: Mapping[str, str]) -> str:
    return (
        f"The account's quota '{words['quota']}' is {words['limit']}, {words['used']} in use; "
        f"{words['more']} more were asked for."
    )


def _denied(words: Mapping[str, str]) -> str:
    who = f"Role '{words['role']}'" if "role" in words else "The role of the job"
    place = f" on '{words['resource'].rstrip('.')}'" if "resource" in words else ""
    return f"{who} is not allowed to do {words['action']}{place}."


def _missing_prefix(words: Mapping[str, str]) -> str:
    return f"There is nothing at '{words['uri']}', or the role cannot list it."


def _time_limit(words: Mapping[str, str]) -> str:
    seconds = f" of {words['seconds']} s" if "seconds" in words else ""
    return f"The job was ended at its time limit{seconds}."


def _image(words: Mapping[str, str]) -> str:
    image = f"'{words['image']}' " if "image" in words else ""
    return f"The container image {image}does not exist, or may not be pulled."


_QUOTAS = (
    "Ask for more in Service Quotas, or choose another instance type; 'pipelines doctor' compares "
    "the quotas with what the pipelines declare."
)
_KEYS = (
    "Let the key's policy and the role's allow it, and see that the key is enabled and in the "
    "site's region; 'pipelines permissions' prints what the role needs."
)
_ROLES = "Compare the role's policies with those that 'pipelines permissions' prints."
_DENIED = (
    r"(?:\S*?[:-]role/(?P<role>[\w+=,.@-]+))?\S* is not authorized to perform:? "
    r"(?P<action>{action})"
    r"(?: on (?:the )?resource:? \"?(?:arn:(?:[^\s:]*:){{4}})?(?P<resource>[^\s\"]+))?"
)


def _known(
    pattern: str,
    cause: str | Callable[[Mapping[str, str]], str],
    advice: str,
    *,
    is_in_log: bool = False,
) -> _Known:
    return _Known(
        pattern=re.compile(pattern, re.IGNORECASE),
        cause=_always(cause) if isinstance(cause, str) else cause,
        advice=advice,
        is_in_log=is_in_log,
    )


_KNOWN = (
    # Before all others: it is followed by texts of the records, which may say anything.
    _known(
        r"\bDriftError: ",
        "What the endpoint answers is not what its model was approved with.",
        "Open report.html of CheckDrift and CheckModelQuality. The scheduler, and the rule that "
        "'pipelines upsert' makes, start a retraining by themselves.",
        is_in_log=True,
    ),
    _known(
        r"service limit '(?P<quota>[^']+)' is (?P<limit>[\d.]+)\D*? with current utilization of "
        r"(?P<used>[\d.]+)\D*? request delta of (?P<more>[\d.]+)",
        _quota,
        _QUOTAS,
    ),
    _known("ResourceLimitExceeded", "A quota of the account is used up.", _QUOTAS),
    _known(
        r"CapacityError|InsufficientCapacity|Unable to provision requested ML compute capacity",
        "AWS has no free instance of this type in the region at present.",
        "Try again later with 'pipelines retry', or choose another instance type.",
    ),
    _known(
        r"requested resource \w+-job/(?P<type>[\w.]+) is not available in this region",
        lambda words: f"There are no instances of type '{words['type']}' in this region.",
        "Choose another instance type.",
    ),
    _known(
        r"MaxWaitTimeExceeded",
        "No spot instance was free, or kept, until the end of MaxWaitTimeInSeconds.",
        "Try again with 'pipelines retry', wait longer, or train without spot instances.",
    ),
    _known(
        r"spot (?:interruption|instance)|\bInterrupted\b",
        "The spot instance was taken back.",
        "Try again with 'pipelines retry': training goes on from its last checkpoint.",
    ),
    _known(
        r"MaxRuntimeExceeded(?:.*MaxRuntimeInSeconds, (?P<seconds>[\d.]+) s)?",
        _time_limit,
        "Let it do less, use a faster instance type, or raise MaxRuntimeInSeconds in the "
        "declaration.",
    ),
    _known(
        r"Task timed out after (?P<seconds>[\d.]+) seconds",
        lambda words: f"The Lambda function was ended at its time limit of {words['seconds']} s.",
        "Try again with 'pipelines retry'; if it happens again, read the function's log for what "
        "it waits for.",
        is_in_log=True,
    ),
    _known(
        r"Cannot pull algorithm container"
        r"|repository of your image (?P<image>\S+) does not grant",
        _image,
        "Compare the image's URI with SITE_TRAINING_IMAGE_URI, SITE_PROCESSING_IMAGE_URI or "
        "SITE_INFERENCE_IMAGE_URI and the region; 'pipelines doctor' looks for the images.",
    ),
    _known(
        r"Could not assume role|unable to (?:perform: sts:AssumeRole|assume the role)",
        "SageMaker cannot take on the role of the job: it does not exist, or does not trust "
        "sagemaker.amazonaws.com.",
        "Correct SITE_ROLE_ARN, or the trust of the role; 'pipelines doctor' checks both.",
    ),
    _known(_DENIED.format(action=r"kms:\w+"), _denied, _KEYS, is_in_log=True),
    _known(
        r"KMS\.?(?:AccessDenied|Disabled|InvalidState|NotFound)"
        r"|ciphertext refers to a customer master key",
        "The role of the job cannot use the KMS key.",
        _KEYS,
        is_in_log=True,
    ),
    _known(_DENIED.format(action=r"[\w-]+:\w+"), _denied, _ROLES, is_in_log=True),
    _known(
        r"role does not have sufficient permissions|AccessDenied",
        "The role of the job is not allowed to do what the step needs.",
        _ROLES,
        is_in_log=True,
    ),
    _known(
        r"No S3 objects found under S3 URL \"(?P<uri>[^\"]+)\"",
        _missing_prefix,
        "Put objects there, name another URI with -p, or publish what the pipeline needs with "
        "'pipelines upsert'.",
    ),
    _known(
        r"NoSuchBucket|specified bucket does not exist",
        "A bucket that the step names does not exist.",
        "Create it, or name another in SITE_BUCKET or in the parameters.",
        is_in_log=True,
    ),
    _known(
        r"NoSuchKey|specified key does not exist|matched no files on s3|HeadObject.*Not Found",
        "An object that the step reads does not exist.",
        "Put it there, or name another; 'pipelines upsert' publishes what the pipeline needs.",
        is_in_log=True,
    ),
    _known(
        r"route to an S3 VPC endpoint|Unable to reach S3|Connect timeout on endpoint URL",
        "The job cannot reach a service from its VPC.",
        "Give the subnets of SITE_SUBNETS an S3 gateway endpoint, and the security groups a way "
        "out.",
        is_in_log=True,
    ),
    _known(
        r"No space left on device|Insufficient disk space|Disk quota exceeded",
        "The disk is full.",
        "Let the step keep less on its disk, or raise VolumeSizeInGB in the declaration.",
        is_in_log=True,
    ),
    _known(
        r"CUDA out of memory|CUDA error: out of memory|torch(?:\.cuda)?\.OutOfMemoryError",
        "The GPU has not enough memory.",
        "Use a smaller batch or smaller images, or an instance type whose GPU has more memory.",
        is_in_log=True,
    ),
    _known(
        r"exit ?code:? (?:137|-9)\b|SIGKILL|killed by signal: Killed|instance type with more memory"
        r"|\bMemoryError\b|Cannot allocate memory|std::bad_alloc|ran out of memory",
        "The job was killed, or gave up, for want of memory.",
        "Use smaller batches or fewer workers, or an instance type with more memory.",
        is_in_log=True,
    ),
    _known(
        r"ThrottlingException|Rate exceeded|TooManyRequestsException",
        "A service was called too often at the same time.",
        "Try again with 'pipelines retry'.",
        is_in_log=True,
    ),
    _known(
        r"InternalServerError|encountered an internal error|InternalFailure",
        "The service failed; it was not the script.",
        "Try again with 'pipelines retry'; if it happens again at the same point, look whether "
        "memory or the disk was full.",
    ),
)
"""Known causes; the first that fits counts.

Sources of the words: Amazon SageMaker AI Developer Guide, "Troubleshooting Amazon SageMaker
Pipelines", https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-troubleshooting.html; Amazon
SageMaker AI API Reference, DescribeTrainingJob, SecondaryStatus,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html; and the
issues that the tests name.
"""
