"""Schedules of SageMaker Model Monitor, for accounts that may use it: requests, checks, operations.

```
package = sagemaker.describe_model_package(ModelPackageName="dogs/7")
schedule = Schedule(
    name="dogs-data",
    endpoint_name="dogs",
    quality=DataQuality.of_package(package),
    timing=hourly(),
    job=Job(..., preprocessor_uri=upload_preprocessor("s3://bucket/dogs/code", s3=s3)),
)
create(schedule, sagemaker=sagemaker, s3=s3)
describe("dogs-data", sagemaker=sagemaker).last_execution
```

Host code: no job imports it. Whoever calls it passes the service clients in. Accounts that may not
use Model Monitor run the pipeline `monitoring`, which has the same baselines.
"""
