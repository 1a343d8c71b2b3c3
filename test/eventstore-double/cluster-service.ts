/** What a client asks first: who leads the cluster, and what this server can do. */
import type { handleUnaryCall } from '@grpc/grpc-js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type shared from '@eventstore/db-client/generated/shared_pb.js';
import { randomUUID } from 'node:crypto';
import { unary, type Service } from './service.js';
import { writeUuid } from './wire.js';

/** the version that the double behaves like */
const VERSION = '23.10.6';

/** One node: the double itself, leading and alive. */
export function gossipHandler(service: Service): handleUnaryCall<shared.Empty, gossip.ClusterInfo> {
  const id = randomUUID();
  return unary(service, () => {
    const endPoint = new gossip.EndPoint();
    endPoint.setAddress('127.0.0.1').setPort(service.port());
    const self = new gossip.MemberInfo();
    self.setInstanceId(writeUuid(id, 'string'));
    self.setTimeStamp(String(BigInt(Date.now()) * 10_000n));
    self.setState(gossip.MemberInfo.VNodeState.LEADER);
    self.setIsAlive(true);
    self.setHttpEndPoint(endPoint);
    return new gossip.ClusterInfo().setMembersList([self]);
  });
}

/** @param paths `/service/Method` of everything that the double implements */
export function featuresHandler(
  service: Service,
  paths: readonly string[],
): handleUnaryCall<shared.Empty, features.SupportedMethods> {
  return unary(service, () => {
    const methods = paths.map((path) => {
      const [, name = '', method = ''] = path.split('/');
      const supported = new features.SupportedMethod();
      supported.setServiceName(name.toLowerCase()).setMethodName(method.toLowerCase());
      if (path.endsWith('.Streams/Read')) supported.setFeaturesList(['position', 'events']);
      return supported;
    });
    return new features.SupportedMethods().setEventStoreServerVersion(VERSION).setMethodsList(methods);
  });
}
