/** Operations: a scavenge, which is done at once. */
import { status, type handleUnaryCall } from '@grpc/grpc-js';
import operations from '@eventstore/db-client/generated/operations_pb.js';
import { Refusal } from './refusal.js';
import { scavenge } from './scavenge.js';
import { unary, type Caller, type Service } from './service.js';

export function startScavengeHandler(
  service: Service,
): handleUnaryCall<operations.StartScavengeReq, operations.ScavengeResp> {
  return unary(service, (_request: operations.StartScavengeReq, caller: Caller) => {
    service.access.checkGroup(caller.metadata, '$ops');
    const response = new operations.ScavengeResp().setScavengeId(scavenge(service.log));
    return response.setScavengeResult(operations.ScavengeResp.ScavengeResult.STARTED);
  });
}

export function stopScavengeHandler(
  service: Service,
): handleUnaryCall<operations.StopScavengeReq, operations.ScavengeResp> {
  return unary(service, (request: operations.StopScavengeReq, caller: Caller) => {
    service.access.checkGroup(caller.metadata, '$ops');
    throw new Refusal(status.NOT_FOUND, 'Scavenge id was invalid.', {
      exception: 'scavenge-not-found',
      'scavenge-id': request.getOptions()?.getScavengeId() ?? '',
    });
  });
}
